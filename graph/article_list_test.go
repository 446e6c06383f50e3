package graph_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/testdb"
)

// interruption does something once, before the first statement with a name.
type interruption struct {
	counter
	statement string
	once      sync.Once
	do        func()
}

func (i *interruption) TraceBatchStart(
	ctx context.Context, conn *pgx.Conn, sent pgx.TraceBatchStartData,
) context.Context {
	for _, q := range sent.Batch.QueuedQueries {
		if strings.Contains(q.SQL, "-- name: "+i.statement+" ") {
			i.once.Do(i.do)
		}
	}
	return i.counter.TraceBatchStart(ctx, conn, sent)
}

// A text that changes while a page is read moves to the end of the list. The next page still has all that follow.
func TestArticlesToReview_OfAChangedTextSkipNone(t *testing.T) {
	t.Parallel()
	change := &interruption{statement: "ArticleVersionListLastByArticles"}
	b := traced(t, change)
	testdb.Gates(t, b.DB, b.Who, false)
	var doubted []testdb.Written
	for _, written := range testdb.WriteArticles(t, b.DB, b.Who, planned(t, b), 2) {
		doubted = append(doubted, testdb.DoubtText(t, b.DB, b.Who, written))
	}
	changed := false
	change.do = func() { testdb.DoubtText(t, b.DB, b.Who, doubted[0]); changed = true }
	page := func(arguments string) (ids []string, end string) {
		t.Helper()
		body := b.Ask(t, fmt.Sprintf(`{ organization { articlesToReview(%s) { nodes { id } pageInfo { endCursor } } } }`,
			arguments), nil)
		list := graphtest.Get(t, body, "data", "organization", "articlesToReview").(map[string]any)
		for _, node := range list["nodes"].([]any) {
			ids = append(ids, node.(map[string]any)["id"].(string))
		}
		end, _ = list["pageInfo"].(map[string]any)["endCursor"].(string)
		return ids, end
	}
	id := func(w testdb.Written) string { return string(publicid.New(publicid.Article, w.Article.ID)) }
	first, end := page("first: 1")
	rest, _ := page(fmt.Sprintf("first: 5, after: %q", end))
	want := []string{id(doubted[0]), id(doubted[1]), id(doubted[0])}
	if diff := cmp.Diff(want, append(first, rest...)); diff != "" || !changed {
		t.Errorf("changed %t, both pages (-want +got):\n%s", changed, diff)
	}
}
