package graph_test

import (
	"fmt"
	"testing"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/testdb"
)

func TestArticles_TakeAsManyStatementsAsOne(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	db := b.DB
	testdb.Gates(t, db, b.Who, false)
	for range 3 {
		reviewed := testdb.Review(t, db, b.Who)
		if err := testdb.Approve(t.Context(), db.Store(), b.Who, reviewed, b.Who.Actor); err != nil {
			t.Fatal(err)
		}
		testdb.Write(t, db, b.Who, testdb.Plan(t, db, b.Who, testdb.Cluster(t, db, b.Who, reviewed)))
	}
	for name, test := range map[string]struct {
		fields string
		most   int64
	}{
		"the list of a console": {`totalCount nodes { title revision words needsReview unit { state }
			spend { settled } }`, 4},
		"texts": {`nodes { markdown html evidence { quote isCited } }`, 7},
		"everything": {`nodes { html evidence { quote } parts { kind cost } spend { forecast }
			versions(first: 2) { totalCount nodes { markdown } } workflow { name } }`, 12},
	} {
		var counts []int64
		for _, first := range []int{1, 3} {
			operation := fmt.Sprintf(`{ workflows(first: %d) { nodes { articles(first: 5) { %s } } } }`, first, test.fields)
			b.Ask(t, operation, nil) // The first round connects and prepares.
			before := statements.n.Load()
			body := b.Ask(t, operation, nil)
			if errs := graphtest.Get(t, body, "errors"); errs != nil {
				t.Fatalf("%s: %v", name, errs)
			}
			counts = append(counts, statements.n.Load()-before)
		}
		if counts[0] != counts[1] || counts[1] > test.most {
			t.Errorf("%s: got %d statements for 1 and %d for 3, want the same and at most %d", name, counts[0], counts[1],
				test.most)
		}
	}
}
