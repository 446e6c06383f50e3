package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/web"
)

// never returns a GraphQL handler that fails the test.
func never(t *testing.T) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request reached GraphQL") })
}

func TestSignIn_GivesEveryInvalidTokenTheSameAnswer(t *testing.T) {
	t.Parallel()
	headers := map[string][]string{
		"Missing":     nil,
		"EmptyHeader": {""},
		"Basic":       {"Basic YWxpY2U6c2VjcmV0"},
		"NoScheme":    {signed(t, nil)},
		"TwoTokens":   {"Bearer " + signed(t, nil), "Bearer " + signed(t, nil)},
		"TwoSpaces":   {"Bearer  " + signed(t, nil)},
	}
	for name, token := range badTokens(t) {
		if !wasValid(name) {
			headers["Token"+name] = []string{"Bearer " + token}
		}
	}
	for name, values := range headers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *web.Options) {
				o.GraphQL = never(t)
				o.SignIn.Admit = func(context.Context, caller.Caller) error { t.Error("Admit was asked"); return nil }
			})
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{a}"}`))
			r.Header["Authorization"] = values
			answer := b.do(r, "X-Request-Id", "one")
			if got, want := answer.Header.Get("WWW-Authenticate"), `Bearer realm="infin8content"`; got != want {
				t.Errorf("WWW-Authenticate: got %q, want %q", got, want)
			}
			body := text(t, answer)
			want := `{"errors":[{"message":"The request carries no valid token. Send one as “Authorization: Bearer …”.",` +
				`"extensions":{"code":"UNAUTHENTICATED","requestId":"one"}}]}` + "\n"
			if answer.StatusCode != http.StatusUnauthorized || body != want {
				t.Errorf("got %d %s, want 401 %s", answer.StatusCode, body, want)
			}
			line := b.log.line(t)
			if line["code"] != "UNAUTHENTICATED" || line["error"] == nil || line["actor"] != nil {
				t.Errorf("log: got %v, want the code, the reason and no actor", line)
			}
		})
	}
}

// A token that was valid has another answer, so that a person signs in again and does not search for a mistake.
func TestSignIn_NamesATokenThatHasExpired(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *web.Options) { o.GraphQL = never(t) })
	answer := b.post("{}", "Authorization", "Bearer "+badTokens(t)["Expired"])
	if body := text(t, answer); answer.StatusCode != http.StatusUnauthorized ||
		!strings.Contains(body, `"code":"TOKEN_EXPIRED"`) || !strings.Contains(body, "Sign in again.") ||
		!strings.Contains(answer.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("got %d %v %s, want 401 TOKEN_EXPIRED", answer.StatusCode, answer.Header, body)
	}
}

func TestSignIn_TakesTheSchemeInAnyCase(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	if r := b.post("{}", "Authorization", "bEARER "+b.token); r.StatusCode != http.StatusOK {
		t.Errorf("status: got %d, want 200", r.StatusCode)
	}
}

func TestRefusal_HasTheMediaTypeOfTheClient(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for accept, want := range map[string]string{
		"":                                  "application/json; charset=utf-8",
		"*/*":                               "application/json; charset=utf-8",
		"application/json":                  "application/json; charset=utf-8",
		"application/graphql-response+json": "application/graphql-response+json; charset=utf-8",
		"application/graphql-response+json, application/json;q=0.9":  "application/graphql-response+json; charset=utf-8",
		"application/json, application/graphql-response+json;q=0.1":  "application/json; charset=utf-8",
		"application/json;q=oops, application/graphql-response+json": "application/graphql-response+json; charset=utf-8",
	} {
		r := b.post("{}", "Authorization", "", "Accept", accept)
		if got := r.Header.Get("Content-Type"); got != want {
			t.Errorf("Accept %q: got %q, want %q", accept, got, want)
		}
	}
}

func TestSignIn_AdmitsTheCallerOnce(t *testing.T) {
	t.Parallel()
	var asked []caller.Caller
	b := setup(t, func(o *web.Options) {
		o.SignIn.Admit = func(ctx context.Context, who caller.Caller) error {
			if caller.From(ctx) != who || web.RequestID(ctx) == "" {
				t.Error("context: got no caller or no request id in it")
			}
			asked = append(asked, who)
			return nil
		}
	})
	if r := b.post("{}"); r.StatusCode != http.StatusOK {
		t.Errorf("status: got %d, want 200", r.StatusCode)
	}
	if len(asked) != 1 || asked[0] != b.who {
		t.Errorf("asked: got %v, want once for %v", asked, b.who)
	}
}

func TestSignIn_AFailedAdmissionStaysInTheLog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"Unknown":     {errors.New("dial tcp 10.0.0.7:5432: refused"), fault.Internal},
		"Public":      {fault.New(fault.Forbidden, "secret reason 10.0.0.7"), fault.Internal},
		"Unavailable": {fault.New(fault.Unavailable, "pool at 10.0.0.7 is full"), fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *web.Options) {
				o.GraphQL = never(t)
				o.SignIn.Admit = func(context.Context, caller.Caller) error { return c.err }
			})
			r := b.post("{}")
			body := text(t, r)
			if strings.Contains(body, "10.0.0.7") {
				t.Errorf("body: got %s, want nothing of the cause", body)
			}
			r.Body = readAgain(body)
			wantRefusal(t, r, http.StatusServiceUnavailable, c.want)
			line := b.log.line(t)
			if logged, _ := line["error"].(string); !strings.Contains(logged, c.err.Error()) || line["level"] != "ERROR" {
				t.Errorf("log: got %v, want the cause as an error", line)
			}
		})
	}
}

func TestSignIn_IsUnavailableAfterTenSeconds(t *testing.T) {
	t.Parallel()
	silent := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for name, change := range map[string]func(*web.Options){
		"a key is looked up": func(o *web.Options) {
			o.SignIn.APIKeys = func(ctx context.Context, _ string) (caller.Caller, time.Time, error) {
				return caller.Caller{}, time.Time{}, silent(ctx)
			}
		},
		"an organization is admitted": func(o *web.Options) {
			o.SignIn.Admit = func(ctx context.Context, _ caller.Caller) error { return silent(ctx) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *web.Options) {
				o.GraphQL = never(t)
				change(o)
			})
			token := b.token
			if strings.Contains(name, "key") {
				token = "infin8_silence"
			}
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				wantRefusal(t, b.post("{}", "Authorization", "Bearer "+token), http.StatusServiceUnavailable, fault.Unavailable)
				if took := time.Since(began); took != 10*time.Second {
					t.Errorf("got the answer after %s, want 10 s", took)
				}
			})
		})
	}
}
