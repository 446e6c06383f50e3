package postgres_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

// bundle is a database of its own with a caller. named is the server's pool with the caller's organization named.
type bundle struct {
	db    *testdb.DB
	store *postgres.Store
	who   caller.Caller
	named *pgxpool.Pool
}

func setup(t *testing.T) bundle {
	t.Helper()
	db := testdb.New(t)
	who := testdb.Caller(t, db)
	return bundle{db: db, store: db.Store(), who: who, named: db.PoolOf(t, who.OrganizationID)}
}

// month opens the running month and returns its account.
func (b bundle) month(t *testing.T) cost.Account {
	t.Helper()
	ctx, at := context.Background(), testdb.Now()
	period, err := cost.Month(at, "UTC")
	if err != nil {
		t.Fatal(err)
	}
	opened := postgres.NewMonth{ID: uuid.New(), Period: period, TimeZone: "UTC", At: at}
	if err := b.store.OpenMonth(ctx, b.who, opened); err != nil {
		t.Fatal(err)
	}
	month, found, err := b.store.Month(ctx, b.who, at)
	if err != nil || !found {
		t.Fatalf("the month: found %t, %v", found, err)
	}
	return month
}

// reserve holds money for a new call of the workflow on both accounts.
func (b bundle) reserve(t *testing.T, flow workflow.Workflow, month cost.Account, hold cost.Pico) postgres.Call {
	t.Helper()
	ctx, at := context.Background(), testdb.Now()
	made, err := b.store.ReserveCalls(ctx, []postgres.NewCall{{
		OrganizationID: b.who.OrganizationID, ID: uuid.New(), WorkflowID: flow.ID, Step: workflow.StepICP, Hold: hold,
		At: at, CheckAt: at.Add(time.Hour), Actor: b.who.Actor,
	}}, 0)
	if err != nil || !made[0].Held || made[0].Call.MonthID != month.ID {
		t.Fatalf("reserve: got %+v, %v", made, err)
	}
	return made[0].Call
}

// settle ends a call with its cost on both accounts.
func (b bundle) settle(ctx context.Context, call postgres.Call, billed cost.Pico) error {
	at := testdb.Now()
	return b.store.InTx(ctx, func(tx *postgres.Store) error {
		settled, won, err := tx.SettleCall(ctx, b.who, call.ID, postgres.Bill{Cost: billed, Model: "m", At: at})
		if err != nil || !won {
			return errors.Join(err, errors.New("not settled"))
		}
		_, err = tx.Book(ctx, b.who, postgres.Booking{
			Kind: cost.EntrySettle, Call: settled, Delta: cost.Delta{Settled: billed, Held: -settled.Hold},
			Overage: settled.Overage, At: at,
		})
		return err
	})
}

// refusal is what stopped a statement: the name of the constraint or trigger, else the SQLSTATE; "" for success.
func refusal(err error) string {
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &refused):
		return err.Error()
	case refused.ConstraintName != "":
		return refused.ConstraintName
	}
	return refused.Code
}
