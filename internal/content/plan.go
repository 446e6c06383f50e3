package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"
)

// The numbers of articles that a plan may be approved with.
const (
	FewestArticles = 1
	MostArticles   = 50
)

// Verdict is what validation says about a page or a topic.
type Verdict string

// The verdicts.
const (
	VerdictValid   Verdict = "VALID"
	VerdictWeak    Verdict = "WEAK"    // an article can be written, and the reasons say what is doubtful
	VerdictInvalid Verdict = "INVALID" // no article is planned unless a person overrules it with a reason
)

// PlanChoice is what a person decided about an article.
type PlanChoice string

// The plan choices. CLEARED takes a choice back.
const (
	PlanApproved PlanChoice = "APPROVED"
	PlanRejected PlanChoice = "REJECTED"
	PlanCleared  PlanChoice = "CLEARED"
)

// Valid reports whether c is one of the choices.
func (c PlanChoice) Valid() bool { return c == PlanApproved || c == PlanRejected || c == PlanCleared }

// AuthorKind is who wrote a revision.
type AuthorKind string

// The author kinds.
const (
	AuthorEngine AuthorKind = "ENGINE"
	AuthorPerson AuthorKind = "PERSON"
)

// Validated is the verdict about one page or one topic.
type Validated struct {
	WorkflowID      uuid.UUID
	PageID, TopicID *uuid.UUID // one of them
	Verdict         Verdict
	Reasons         []string
	Purity          float64 // the share of keywords with the most frequent intent
	Size            int     // the number of keywords
	Language        string  // of the keywords; "" when unknown
}

// Subject is the id of the page or topic.
func (v Validated) Subject() uuid.UUID {
	if v.PageID != nil {
		return *v.PageID
	}
	return *v.TopicID
}

// ArticlePlan is the last revision of the brief of one article, with the current decision about it.
type ArticlePlan struct {
	WorkflowID, ArticleID uuid.UUID
	Visit                 int
	Revision              int // 0 for a page without a brief
	Brief                 Brief
	Author                AuthorKind
	Actor                 string
	IsSynthetic           bool
	CreatedAt             time.Time
	Choice                PlanChoice // "" without a decision
	Origin                Origin
	DecidedBy, Reason     string
}

// Decided is the article's choice; a cleared one counts as none.
func (p ArticlePlan) Decided() PlanChoice {
	if p.Choice == PlanCleared {
		return ""
	}
	return p.Choice
}

// PlanItem is a page with what is planned for it.
type PlanItem struct {
	Page    TopicPage
	Topic   *PageTopic // nil for a page that a person made
	Verdict Validated
	Plan    ArticlePlan
}

// Plan is the article plan of a workflow. Visit is 0 before validation.
type Plan struct {
	Visit int
	Items []PlanItem
}

// NewPlan puts verdicts and briefs beside the pages of a clustering, in their order. A page without a verdict is one
// that a person made; it is VALID.
func NewPlan(visit int, clustering Clustering, verdicts []Validated, plans []ArticlePlan) Plan {
	plan := Plan{Visit: visit}
	if visit == 0 {
		return plan
	}
	said := map[uuid.UUID]Validated{}
	for _, v := range verdicts {
		said[v.Subject()] = v
	}
	briefs := map[uuid.UUID]ArticlePlan{}
	for _, p := range plans {
		briefs[p.ArticleID] = p
	}
	topics := map[uuid.UUID]*PageTopic{}
	for i := range clustering.Topics {
		topics[clustering.Topics[i].ID] = &clustering.Topics[i]
	}
	for _, page := range clustering.Pages() {
		item := PlanItem{Page: page, Plan: briefs[page.ID], Verdict: said[page.ID]}
		if item.Verdict.Verdict == "" {
			id := page.ID
			item.Verdict = Validated{PageID: &id, Verdict: VerdictValid, Size: len(page.Keywords)}
		}
		if page.TopicID != nil {
			item.Topic = topics[*page.TopicID]
		}
		item.Plan.ArticleID = page.ID
		plan.Items = append(plan.Items, item)
	}
	return plan
}

// Item returns the item of an article.
func (p Plan) Item(article uuid.UUID) (PlanItem, bool) {
	at := slices.IndexFunc(p.Items, func(i PlanItem) bool { return i.Page.ID == article })
	if at < 0 {
		return PlanItem{}, false
	}
	return p.Items[at], true
}

// Approved returns the items whose article is approved, in their order.
func (p Plan) Approved() []PlanItem { return p.decided(PlanApproved) }

// Rejected returns the items whose article is rejected, in their order.
func (p Plan) Rejected() []PlanItem { return p.decided(PlanRejected) }

func (p Plan) decided(choice PlanChoice) (items []PlanItem) {
	for _, item := range p.Items {
		if item.Plan.Choice == choice {
			items = append(items, item)
		}
	}
	return items
}

// Selection returns how many articles are approved, and a digest over their ids and revisions in ascending order of the
// ids. Two reviewers who see the same digest see the same briefs.
func (p Plan) Selection() Selection {
	approved := p.Approved()
	slices.SortFunc(approved, func(a, b PlanItem) int { return bytes.Compare(a.Page.ID[:], b.Page.ID[:]) })
	hash := sha256.New()
	for _, item := range approved {
		hash.Write(item.Page.ID[:])
		hash.Write(binary.BigEndian.AppendUint32(nil, uint32(item.Plan.Revision)))
	}
	selection := Selection{Count: len(approved)}
	hash.Sum(selection.Digest[:0])
	return selection
}

// PlanFilter chooses articles. An empty field chooses all. A choice of "" in Choices selects articles without a
// decision.
type PlanFilter struct {
	Verdicts []Verdict
	Choices  []PlanChoice
}

// Matches reports whether the filter chooses an article.
func (f PlanFilter) Matches(i PlanItem) bool {
	return (len(f.Verdicts) == 0 || slices.Contains(f.Verdicts, i.Verdict.Verdict)) &&
		(len(f.Choices) == 0 || slices.Contains(f.Choices, i.Plan.Decided()))
}
