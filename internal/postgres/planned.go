package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// planned has the server plan a statement for its parameters each time. Without it, a statement that is run often gets
// one plan for all organizations: most are small, and reading all that one has to sort it looks cheap then, which takes
// seconds where it is not. Planning takes a tenth of a millisecond.
type planned struct{ dbsqlc.DBTX }

// planned returns the queries whose filters and orders leave the planner a choice.
func (s *Store) planned() *dbsqlc.Queries {
	if s.tx != nil {
		return dbsqlc.New(planned{s.tx})
	}
	return dbsqlc.New(planned{s.pool})
}

func (p planned) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return p.DBTX.Query(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}

func (p planned) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return p.DBTX.QueryRow(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
}
