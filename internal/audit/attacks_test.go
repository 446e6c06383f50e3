package audit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testdb/attack"
)

// What the list says that verify names is named. All attacks are on copies of one target, which has nothing to name.
func TestVerify_NamesAttacks(t *testing.T) {
	t.Parallel()
	findings, err := audit.New(attack.NewTarget(t).DB.Books(), testdb.Now).Verify(context.Background())
	if err != nil || len(findings) > 0 {
		t.Fatalf("before the attacks: got %v, %v, want nothing", findings, err)
	}
	for _, by := range attack.Roles() {
		for _, a := range attack.List() {
			want := a.Outcome(by).Named
			if want == "" {
				continue
			}
			t.Run(string(by)+"/"+a.Name, func(t *testing.T) {
				t.Parallel()
				g, ctx := attack.NewTarget(t), context.Background()
				if err := g.Try(t, a, by, true); err != nil {
					t.Fatal(err)
				}
				findings, err := audit.New(g.DB.Books(), testdb.Now).Verify(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(fmt.Sprint(findings), want) {
					t.Errorf("got %v, want %q named", findings, want)
				}
			})
		}
	}
}
