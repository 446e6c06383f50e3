package report_test

import (
	"os"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

const cent = cost.Dollar / 100

// bundle is a fixture with a reporter on the same store and clock.
type bundle struct {
	testengine.Fixture
	report *report.Reporter
}

func setup(t *testing.T) bundle {
	t.Helper()
	f := testengine.New(t)
	return bundle{f, report.New(f.DB.Store(), f.Clock.Now)}
}
