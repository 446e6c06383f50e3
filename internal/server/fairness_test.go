package server

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fair"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/postgres"
)

// narrow are settings under which an organization has one request, one waiting request and one connection.
func narrow() Settings {
	return Settings{
		Connections: 8,
		FairnessSettings: FairnessSettings{
			Requests:                3,
			ReservedRequests:        1,
			OrganizationRequests:    1,
			OrganizationWaiting:     1,
			RequestWait:             time.Millisecond,
			ReservedConnections:     2,
			OrganizationConnections: 1,
			MaxSubscriptions:        1,
			SocketInitTime:          time.Second,
		},
	}
}

func as(ctx context.Context, organization byte) context.Context {
	return caller.With(ctx, caller.Caller{OrganizationID: uuid.UUID{organization}, Actor: "a", Role: caller.Viewer})
}

func TestFairness_AdmitsOrganizationsInTheirShare(t *testing.T) {
	t.Parallel()
	f := narrow().fairness()
	query := gqlhttp.Admission{Type: "query", Fields: []string{"workflows"}}
	money := gqlhttp.Admission{Type: "mutation", Fields: []string{"reserveUsage", "settleUsage"}}
	mixed := gqlhttp.Admission{Type: "mutation", Fields: []string{"reserveUsage", "createWorkflow"}}
	follow := gqlhttp.Admission{Type: "subscription", Fields: []string{"workflowTransitioned"}}
	for _, row := range []struct {
		organization byte
		operation    gqlhttp.Admission
		refused      bool
	}{
		{1, query, false},
		{1, query, true},
		{1, mixed, true},
		{2, query, false},
		{3, query, true}, // The last place is for money.
		{1, money, false},
		{1, follow, false},
		{1, follow, true},
		{2, follow, false},
	} {
		_, _, err := f.admit(as(t.Context(), row.organization), row.operation)
		if refused := fault.KindOf(err) == fault.RateLimited; refused != row.refused {
			t.Errorf("organization %d, %+v: got %v, refused should be %t", row.organization, row.operation, err, row.refused)
		}
	}
}

func TestFairness_KeepsConnectionsForMoneyAndProbes(t *testing.T) {
	t.Parallel()
	f := narrow().fairness()
	late := func(ctx context.Context) context.Context {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	for organization := range byte(6) {
		if _, err := f.gate(as(t.Context(), organization+1)); err != nil {
			t.Fatalf("organization %d: %v", organization, err)
		}
	}
	if _, err := f.gate(as(late(t.Context()), 9)); err == nil {
		t.Error("an ordinary statement took a reserved connection")
	}
	ctx, _, err := f.admit(as(t.Context(), 1), gqlhttp.Admission{Type: "mutation", Fields: []string{"settleUsage"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.gate(ctx); err != nil {
		t.Errorf("a mutation of money: %v", err)
	}
	leave, err := f.gate(within(t.Context(), place{key: probing, urgent: true}))
	if err != nil {
		t.Fatalf("a health check: %v", err)
	}
	leave(0)
	if got := f.connections.Figures().Running; got != 7 {
		t.Errorf("%d connections are in use, want 7", got)
	}
}

func TestFairness_LimitsHeavyOperations(t *testing.T) {
	t.Parallel()
	s := narrow()
	s.OrganizationConnections, s.HeavyConnections, s.OrganizationRequests = 3, 1, 9
	for name, o := range map[string]gqlhttp.Admission{
		"complexity": {Type: "query", Complexity: heavyComplexity},
		"weight":     {Type: "query", Weight: heavyWeight},
		"money":      {Type: "mutation", Fields: []string{"reserveUsage"}, Complexity: heavyComplexity},
	} {
		f := s.fairness()
		light, _, err := f.admit(as(t.Context(), 1), gqlhttp.Admission{Type: "query", Complexity: heavyComplexity - 1})
		if err != nil {
			t.Fatal(err)
		}
		heavy, _, err := f.admit(as(t.Context(), 1), o)
		if err != nil {
			t.Fatal(err)
		}
		for i, ctx := range []context.Context{heavy, light, heavy} {
			timeout := time.Minute
			if i == 2 {
				timeout = 20 * time.Millisecond
			}
			late, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			if _, err := f.gate(late); (err != nil) != (i == 2) {
				t.Errorf("%s, statement %d: got %v, want that the second heavy one waits", name, i, err)
			}
		}
	}
}

func TestFairness_DoesNotLimitAnOrganizationThatIsAlone(t *testing.T) {
	t.Parallel()
	s := narrow()
	s.AloneAfter, s.DatabaseTime, s.DatabaseBurst = time.Hour, time.Second, time.Second
	f := s.fairness()
	query := gqlhttp.Admission{Type: "query", Fields: []string{"workflows"}}
	probe, err := f.gate(within(t.Context(), place{key: probing, urgent: true, internal: true}))
	if err != nil {
		t.Fatal(err)
	}
	probe(0)
	for range 6 { // All connections but the reserved ones.
		ctx, done, err := f.admit(as(t.Context(), 1), query)
		if err != nil {
			t.Fatalf("an organization that is alone: %v", err)
		}
		done()
		leave, err := f.gate(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer leave(time.Hour)
	}
	other, err := f.gate(within(t.Context(), place{key: uuid.UUID{2}, urgent: true}))
	if err != nil {
		t.Fatal(err)
	}
	other(0)
	f.databaseTime.Charge(uuid.UUID{1}, time.Hour)
	if _, _, err := f.admit(as(t.Context(), 1), query); fault.KindOf(err) != fault.RateLimited {
		t.Errorf("beside another organization: got %v, want RATE_LIMITED", err)
	}
}

// While another organization sends requests, the requests, new sockets and messages of one share a pace.
func TestFairness_LetsACrowdArriveAtAPace(t *testing.T) {
	t.Parallel()
	s := narrow()
	s.OpenRequests = 2
	f, now := s.fairness(), time.Now()
	f.arrivals = fair.NewPace[uuid.UUID](10, time.Hour, func() time.Time { return now })
	over := func(organization byte) context.Context {
		ctx, cancel := context.WithCancel(as(t.Context(), organization))
		cancel()
		return ctx
	}
	for i := range 100 {
		if err := f.arrive(over(1)); err != nil {
			t.Fatalf("message %d of an organization that is alone: %v", i, err)
		}
	}
	if err := f.arrive(over(2)); err != nil {
		t.Errorf("the first of another organization: %v", err)
	}
	entered, done, err := f.enter(over(1))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // A stream came with its request.
		closed, err := f.socket(entered)
		if err != nil {
			t.Fatal(err)
		}
		closed()
	}
	done()
	closed, err := f.socket(over(1))
	if err != nil {
		t.Fatalf("a socket within the burst: %v", err)
	}
	closed()
	if err := f.arrive(over(1)); err != nil {
		t.Errorf("a message within the burst: %v", err)
	}
	for i := range 10 { // Those that end while they wait are no longer open, and have taken no turn.
		_, _, request := f.enter(over(1))
		_, socket := f.socket(over(1))
		for what, err := range map[string]error{"a request": request, "a socket": socket, "a message": f.arrive(over(1))} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s after the burst, round %d: got %v, want a wait", what, i, err)
			}
		}
	}
	if err := f.arrive(over(3)); err != nil {
		t.Errorf("a third organization: %v", err)
	}
}

// Requests that wait for their turn are open ones, so a crowd keeps a bounded number of connections.
func TestFairness_ARequestThatWaitsIsOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := narrow()
		s.OpenRequests, s.OrganizationRate, s.RequestWait = 5, 1, time.Hour
		f := s.fairness()
		if err := f.arrive(as(t.Context(), 2)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		var gone, refused atomic.Int32
		for range 20 {
			go func() {
				_, leave, err := f.enter(as(t.Context(), 1))
				if fault.KindOf(err) == fault.RateLimited {
					refused.Add(1)
					return
				}
				gone.Add(1)
				leave()
			}()
			synctest.Wait()
		}
		if got := refused.Load(); got != 20-1-5-5 { // One goes on at once, five wait, and five wait for their refusal.
			t.Errorf("%d were refused at once", got)
		}
		time.Sleep(refusalPause)
		synctest.Wait()
		if got := refused.Load(); got != 20-1-5 {
			t.Errorf("%d were refused after a second", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := gone.Load(); got != 6 || time.Since(began) > 2*time.Minute {
			t.Errorf("%d went on", got)
		}
	})
}

func TestFairness_RefusesSettingsWithoutPlaces(t *testing.T) {
	t.Parallel()
	if err := narrow().checkFairness(); err != nil {
		t.Errorf("possible settings: %v", err)
	}
	for want, change := range map[string]func(*Settings){
		"--requests":                  func(s *Settings) { s.ReservedRequests = 3 },
		"--organization-requests":     func(s *Settings) { s.OrganizationRequests = 0 },
		"--organization-connections":  func(s *Settings) { s.OrganizationConnections = 0 },
		"--organization-subscription": func(s *Settings) { s.MaxSubscriptions = -1 },
		"--organization-heavy":        func(s *Settings) { s.HeavyConnections = -1 },
		"--organization-alone-after":  func(s *Settings) { s.AloneAfter = -1 },
		"--organization-rate":         func(s *Settings) { s.OrganizationRate = -1 },
		"between 0 and 1000000":       func(s *Settings) { s.OrganizationRate = maxRate + 1 },
	} {
		s := narrow()
		change(&s)
		if err := s.checkFairness(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error about %s", err, want)
		}
	}
}

func TestFairness_ChargesTheTimeInTheDatabase(t *testing.T) {
	t.Parallel()
	s := narrow()
	s.DatabaseTime, s.DatabaseBurst = time.Second, time.Minute
	f := s.fairness()
	query := gqlhttp.Admission{Type: "query", Fields: []string{"workflows"}}
	money := gqlhttp.Admission{Type: "mutation", Fields: []string{"reserveUsage"}}
	use := func(o gqlhttp.Admission) error {
		ctx, done, err := f.admit(as(t.Context(), 1), o)
		if err != nil {
			return err
		}
		defer done()
		leave, err := f.gate(ctx)
		if err != nil {
			t.Fatal(err)
		}
		leave(time.Hour)
		return nil
	}
	if err := errors.Join(use(money), use(query), use(money)); err != nil {
		t.Errorf("before the budget is used: %v", err)
	}
	if err := use(query); fault.KindOf(err) != fault.RateLimited {
		t.Errorf("after the budget is used: got %v, want RATE_LIMITED", err)
	}
	if err := use(money); err != nil {
		t.Errorf("a mutation of money: %v", err)
	}
	_, done, err := f.admit(as(t.Context(), 2), query)
	if err != nil {
		t.Fatalf("another organization: %v", err)
	}
	done()
}

func TestFairness_AStreamIsNoOpenRequest(t *testing.T) {
	t.Parallel()
	s := narrow()
	s.OpenRequests = 1
	f := s.fairness()
	ctx, leave, err := f.enter(as(t.Context(), 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.enter(as(t.Context(), 1)); fault.KindOf(err) != fault.RateLimited {
		t.Errorf("beside an open request: got %v, want RATE_LIMITED", err)
	}
	closed, err := f.socket(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := f.enter(as(t.Context(), 1))
	if err != nil {
		t.Errorf("beside a stream: %v", err)
	}
	leave() // The stream ends; it gives back nothing more.
	closed()
	if got := f.open.Figures().Running; got != 1 {
		t.Errorf("%d requests are open, want 1", got)
	}
	second()
}

func TestFairness_ASignInWaitsForThoseOfItsAddressOnly(t *testing.T) {
	t.Parallel()
	f := narrow().fairness()
	signIn := func(address string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := f.gate(within(ctx, place{key: signInKey(address), urgent: true, internal: true}))
		return err
	}
	if err := errors.Join(signIn("192.0.2.1:80"), signIn("192.0.2.2:80")); err != nil {
		t.Errorf("the first sign-in of each address: %v", err)
	}
	if err := signIn("192.0.2.1:81"); err == nil {
		t.Error("two sign-ins of one address run at once")
	}
}

// A statement that others wait for does not wait for the place of the organization whose caller sends it.
func TestFairness_AStatementWithoutPlaceWaitsForNoOrganization(t *testing.T) {
	t.Parallel()
	f, busy := narrow().fairness(), as(t.Context(), 1)
	for _, organization := range []byte{1, 2} {
		leave, err := f.gate(as(t.Context(), organization))
		if err != nil {
			t.Fatal(err)
		}
		defer leave(0)
	}
	late, cancel := context.WithTimeout(busy, 20*time.Millisecond)
	defer cancel()
	if _, err := f.gate(late); err == nil {
		t.Error("the organization has two places, want one")
	}
	leave, err := f.gate(postgres.WithoutPlace(busy))
	if err != nil {
		t.Fatal(err)
	}
	leave(0)
}
