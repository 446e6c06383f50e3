package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

// exported returns a server whose exports write answers.
func exported(t *testing.T, write func(context.Context, caller.Caller, web.Export, io.Writer) error) bundle {
	t.Helper()
	return setup(t, func(o *web.Options) { o.Export = write })
}

func (b bundle) tokenOf(t *testing.T, role caller.Role, organization uuid.UUID) string {
	t.Helper()
	token, err := b.auth.Token(caller.Caller{Actor: "ada", OrganizationID: organization, Role: role}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + token
}

func TestExports_SendTheRequestedFileToAnAdministrator(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]web.Export{
		"/export/journal.csv":                               {Table: web.Journal, Format: web.CSV},
		"/export/ledger.ndjson?from=2026-03-01":             {Table: web.Ledger, Format: web.NDJSON, From: "2026-03-01"},
		"/export/ledger.csv?to=2026-04-01&from=&token=none": {Table: web.Ledger, Format: web.CSV, To: "2026-04-01"},
	} {
		organization := uuid.New()
		b := exported(t, func(_ context.Context, who caller.Caller, in web.Export, to io.Writer) error {
			if in != want || who.OrganizationID != organization {
				t.Errorf("%s: got %+v of %s, want %+v of %s", path, in, who.OrganizationID, want, organization)
			}
			_, err := io.WriteString(to, "rows")
			return err
		})
		got := b.get(path, "Authorization", b.tokenOf(t, caller.Admin, organization))
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != http.StatusOK || string(body) != "rows" {
			t.Errorf("%s: got %d %q, %v", path, got.StatusCode, body, err)
		}
		name := string(want.Table) + "." + string(want.Format)
		if disposition := got.Header.Get("Content-Disposition"); disposition != `attachment; filename="`+name+`"` {
			t.Errorf("%s: got Content-Disposition %s", path, disposition)
		}
		if !strings.Contains(got.Header.Get("Content-Type"), string(want.Format)) {
			t.Errorf("%s: got Content-Type %s", path, got.Header.Get("Content-Type"))
		}
	}
}

func TestExports_RefuseOtherRoles(t *testing.T) {
	t.Parallel()
	b := exported(t, func(_ context.Context, who caller.Caller, _ web.Export, _ io.Writer) error {
		if !who.Role.Has(caller.Export) {
			t.Errorf("an export was written for %s", who.Role)
		}
		return nil
	})
	for _, role := range caller.Roles() {
		want := http.StatusForbidden
		if role.Has(caller.Export) {
			want = http.StatusOK
		}
		if got := b.get("/export/ledger.csv", "Authorization", b.tokenOf(t, role, uuid.New())); got.StatusCode != want {
			t.Errorf("%s: got %d, want %d", role, got.StatusCode, want)
		}
	}
	for _, c := range []struct {
		method, path, authorization string
		status                      int
		code                        fault.Kind
	}{
		{"GET", "/export/ledger.csv", "", http.StatusUnauthorized, fault.Unauthenticated},
		{"GET", "/export/ledger.csv", b.tokenOf(t, caller.Viewer, uuid.New()), http.StatusForbidden, fault.Forbidden},
		{"GET", "/export/ledger.csv", b.tokenOf(t, caller.Operator, uuid.New()), http.StatusForbidden, fault.Forbidden},
		{"GET", "/export/calls.csv", b.tokenOf(t, caller.Admin, uuid.New()), http.StatusNotFound, fault.NotFound},
		{"GET", "/export/ledger.xlsx", b.tokenOf(t, caller.Admin, uuid.New()), http.StatusNotFound, fault.NotFound},
		{"GET", "/export/ledger", b.tokenOf(t, caller.Admin, uuid.New()), http.StatusNotFound, fault.NotFound},
		{
			"POST", "/export/ledger.csv", b.tokenOf(t, caller.Admin, uuid.New()), http.StatusMethodNotAllowed,
			fault.InvalidInput,
		},
	} {
		r := httptest.NewRequest(c.method, c.path, http.NoBody)
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		got := b.do(r)
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != c.status || !strings.Contains(string(body), string(c.code)) {
			t.Errorf("%s %s: got %d %s, %v, want %d %s", c.method, c.path, got.StatusCode, body, err, c.status, c.code)
		}
	}
}

func TestExports_AnswerAnErrorBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		says   string
	}{
		{fault.Invalid([]string{"from"}, "No day."), http.StatusBadRequest, "from: No day."},
		{fault.New(fault.NotFound, "There is no such organization."), http.StatusNotFound, "no such organization"},
		{fault.New(fault.Unavailable, "Busy with table x."), http.StatusServiceUnavailable, "UNAVAILABLE"},
		{errors.New("relation secrets is missing"), http.StatusInternalServerError, "INTERNAL"},
	} {
		b := exported(t, func(context.Context, caller.Caller, web.Export, io.Writer) error { return c.err })
		got := b.get("/export/journal.csv", "Authorization", b.tokenOf(t, caller.Admin, uuid.New()))
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != c.status || !strings.Contains(string(body), c.says) ||
			strings.Contains(string(body), "secrets") || strings.Contains(string(body), "table x") {
			t.Errorf("%v: got %d %s, %v, want %d with %q", c.err, got.StatusCode, body, err, c.status, c.says)
		}
	}
}

func TestExports_CutTheConnectionOnALaterError(t *testing.T) {
	t.Parallel()
	b := exported(t, func(_ context.Context, _ caller.Caller, _ web.Export, to io.Writer) error {
		_, _ = io.WriteString(to, "half")
		return errors.New("the database is gone")
	})
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	got, err := http.DefaultClient.Do(b.asked(t, server.URL))
	if err == nil {
		defer func() { _ = got.Body.Close() }()
		_, err = io.ReadAll(got.Body)
	}
	if err == nil {
		t.Error("half a file came as a whole one")
	}
}

// asked returns a request for the ledger of a real server.
func (b bundle) asked(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/export/ledger.csv", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", b.tokenOf(t, caller.Admin, b.who.OrganizationID))
	return r
}

func TestExports_MayTakeLongerThanTheWriteTimeout(t *testing.T) {
	t.Parallel()
	const limit = time.Second
	b := exported(t, func(ctx context.Context, _ caller.Caller, _ web.Export, to io.Writer) error {
		for end := time.Now().Add(4 * limit); time.Now().Before(end) && ctx.Err() == nil; {
			if _, err := to.Write(make([]byte, 4096)); err != nil {
				return err
			}
			<-time.After(limit / 4) // This test is about the passing of time.
		}
		_, err := io.WriteString(to, "end")
		return errors.Join(err, ctx.Err())
	})
	server := httptest.NewUnstartedServer(b)
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	t.Cleanup(server.Close)
	got, err := http.DefaultClient.Do(b.asked(t, server.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	if err != nil || !strings.HasSuffix(string(body), "end") {
		t.Errorf("got %d bytes, %v, want all", len(body), err)
	}
}

func TestExports_RunOncePerOrganization(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}), make(chan struct{})
	b := exported(t, func(_ context.Context, who caller.Caller, _ web.Export, to io.Writer) error {
		if who.Actor == "alice@example.com" {
			close(begun)
			<-end
		}
		_, err := io.WriteString(to, "rows")
		return err
	})
	who := caller.Caller{Actor: "alice@example.com", OrganizationID: b.who.OrganizationID, Role: caller.Admin}
	token, err := b.auth.Token(who, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan int, 1)
	go func() { first <- b.get("/export/ledger.csv", "Authorization", "Bearer "+token).StatusCode }()
	<-begun
	second := b.get("/export/journal.csv", "Authorization", b.tokenOf(t, caller.Admin, who.OrganizationID))
	if second.StatusCode != http.StatusTooManyRequests || second.Header.Get("Retry-After") == "" {
		t.Errorf("the second of one organization: got %d, want 429", second.StatusCode)
	}
	other := b.get("/export/journal.csv", "Authorization", b.tokenOf(t, caller.Admin, uuid.New()))
	if other.StatusCode != http.StatusOK {
		t.Errorf("another organization's: got %d, want 200", other.StatusCode)
	}
	close(end)
	if got := <-first; got != http.StatusOK {
		t.Errorf("the first: got %d, want 200", got)
	}
	third := b.get("/export/journal.csv", "Authorization", b.tokenOf(t, caller.Admin, who.OrganizationID))
	if third.StatusCode != http.StatusOK {
		t.Errorf("the next: got %d, want 200", third.StatusCode)
	}
}

func TestExports_EndWithTheKeyOrTheToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		life   time.Duration
		revoke bool
	}{
		"revoked key": {time.Hour, true},
		"ended token": {time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			revoked := make(chan struct{})
			b := setup(t, func(o *web.Options) {
				o.Export = func(ctx context.Context, _ caller.Caller, _ web.Export, _ io.Writer) error {
					if c.revoke {
						close(revoked)
					}
					<-ctx.Done()
					return ctx.Err()
				}
				o.Revoked = func(context.Context, caller.Caller) <-chan struct{} { return revoked }
			})
			who := caller.Caller{Actor: "ada", OrganizationID: uuid.New(), Role: caller.Admin}
			token, err := b.auth.Token(who, c.life)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.get("/export/ledger.csv", "Authorization", "Bearer "+token); got.StatusCode != http.StatusUnauthorized {
				t.Errorf("got %d, want 401", got.StatusCode)
			}
			if !strings.Contains(b.log.String(), "the token has ended, or the key was revoked") {
				t.Errorf("the log does not say why: %s", b.log)
			}
		})
	}
}
