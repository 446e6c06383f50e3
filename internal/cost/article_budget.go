package cost

import (
	"time"

	"github.com/google/uuid"
)

// DefaultArticleCap is the most that one article may cost: $0.07. With the default models it pays for every call of an
// article twice.
const DefaultArticleCap = 70_000_000_000

// ArticleBudget counts the money of one article below a cap of its own. Every call for the article is held on it first,
// so the article costs at most Cap, whatever is repeated; only a call that costs more than its hold can exceed it.
type ArticleBudget struct {
	WorkflowID, ArticleID uuid.UUID
	Cap                   Pico
	Held, Settled         Pico
	Overage               bool // a call has cost more than its hold, and the budget went beyond its cap
	OpenedBy              string
	OpenedAt              time.Time
}

// Balance returns the budget in the form that a refusal shows.
func (b ArticleBudget) Balance() Balance {
	return Balance{Settled: b.Settled, Held: b.Held, Limit: Limit(b.Cap)}
}
