package cost

import (
	"math/big"
	"time"
)

// ResearchMode is where the evidence of an article comes from.
type ResearchMode string

// The modes.
const (
	ResearchSERPCrawl ResearchMode = "SERP_CRAWL" // result pages of a search engine, and the pages that they name
	ResearchSiteOnly  ResearchMode = "SITE_ONLY"  // pages of the company and its competitors
	ResearchNone      ResearchMode = "NONE"       // no evidence; the article says so
)

// ResearchModes returns all modes.
func ResearchModes() []ResearchMode {
	return []ResearchMode{ResearchSERPCrawl, ResearchSiteOnly, ResearchNone}
}

// The kinds of the parts of an article. A part's key begins with its kind and a slash.
const (
	PartOutline  = "outline"
	PartEvidence = "evidence"
	PartSERP     = "serp"
	PartSection  = "section"
	PartRewrite  = "rewrite" // of a section that a person wants again
	PartEdit     = "edit"
)

// The names under which live result pages and lists of keywords are priced.
const (
	ServiceSERP = "service/dataforseo/serp-live"
	ServiceLabs = "service/dataforseo/labs"
)

// The parts of one article of about 1 800 words: the number of calls, the longest request in bytes and the longest
// answer in tokens.
const (
	OutlineBytes, OutlineTokens   = 6_500, 1_500
	EvidenceBytes, EvidenceTokens = 26_000, 1_000
	SectionBytes, SectionTokens   = 11_000, 900
	EditBytes, EditTokens         = 16_500, 1_000
	// RewriteBytes has room for the present text of a section and for an instruction.
	RewriteBytes = 18_000

	EvidenceCalls = 2
	SERPCalls     = 2
	SectionCalls  = 6
)

// MaxArticles limits the articles of one plan.
const MaxArticles = 50

// PlannedPart is a kind of paid answer that some work needs.
type PlannedPart struct {
	Kind     string // the first word of the part's key
	Calls    int64  // when every call succeeds
	Estimate Estimate
}

// ArticleParts returns the parts of one article that these models write.
func ArticleParts(mode ResearchMode, models []string) []PlannedPart {
	part := func(kind string, calls, bytes, tokens int64) PlannedPart {
		return PlannedPart{Kind: kind, Calls: calls, Estimate: Estimate{
			Models: models, PromptBytes: bytes, MaxCompletionTokens: tokens,
		}}
	}
	parts := []PlannedPart{part(PartOutline, 1, OutlineBytes, OutlineTokens)}
	if mode != ResearchNone {
		parts = append(parts, part(PartEvidence, EvidenceCalls, EvidenceBytes, EvidenceTokens))
	}
	if mode == ResearchSERPCrawl {
		parts = append(parts, PlannedPart{
			Kind: PartSERP, Calls: SERPCalls, Estimate: Estimate{Models: []string{ServiceSERP}},
		})
	}
	return append(parts, part(PartSection, SectionCalls, SectionBytes, SectionTokens),
		part(PartEdit, 1, EditBytes, EditTokens))
}

// RewritePart is one section that these models write again.
func RewritePart(models []string) PlannedPart {
	return PlannedPart{Kind: PartRewrite, Calls: 1, Estimate: Estimate{
		Models: models, PromptBytes: RewriteBytes, MaxCompletionTokens: SectionTokens,
	}}
}

// Basis says where a likely cost comes from.
type Basis string

// The bases.
const (
	BasisMeasured Basis = "MEASURED" // the median of the organization's own calls
	BasisMixed    Basis = "MIXED"    // some parts are measured, some are not
	BasisCold     Basis = "COLD"     // an estimate from sizes and prices: there are too few calls yet
)

// Bases returns all bases.
func Bases() []Basis { return []Basis{BasisMeasured, BasisMixed, BasisCold} }

// MinSamples is the number of calls below which their median is not used, MaxSamples the number of newest calls that it
// is taken from.
const (
	MinSamples = 20
	MaxSamples = 200
)

// Sample is what an organization has paid for its last calls of one kind of part.
type Sample struct {
	Calls  int64
	Median Pico
}

// Models are the models that may answer.
func (p PlannedPart) Models() []string { return p.Estimate.Models }

// PartForecast is the expected cost of a kind of part.
type PartForecast struct {
	PlannedPart
	Hold    Pico // the most that one call can cost
	Likely  Pico // the likely cost of one call
	Samples int64
	Basis   Basis
}

// WorkForecast is the expected cost of some work. Likely is the cost when every call is made once, Most when every call
// is made twice at its highest price.
type WorkForecast struct {
	Parts        []PartForecast
	Likely, Most Pico
	Basis        Basis
}

// ForecastWork returns the expected cost of work at the prices in force. sample returns what the organization has paid
// for a kind of part and a model. Below MinSamples a quarter of the request's bytes and half of the longest answer
// count as its tokens. The errors are those of Hold.
func ForecastWork(
	parts []PlannedPart, prices []Price, sample func(kind, model string) Sample, at time.Time,
) (WorkForecast, error) {
	work := WorkForecast{Basis: BasisMeasured}
	measured := 0
	var likely, once []item
	for _, p := range parts {
		f, err := forecastPart(p, prices, sample, at)
		if err != nil {
			return WorkForecast{}, err
		}
		if f.Basis == BasisMeasured {
			measured++
		}
		likely, once = append(likely, item{f.Likely, p.Calls}), append(once, item{f.Hold, p.Calls})
		work.Parts = append(work.Parts, f)
	}
	switch measured {
	case len(parts):
	case 0:
		work.Basis = BasisCold
	default:
		work.Basis = BasisMixed
	}
	var err error
	if work.Likely, err = sum(likely...); err != nil {
		return WorkForecast{}, err
	}
	work.Most, err = sum(append(once, once...)...)
	return work, err
}

func forecastPart(
	p PlannedPart, prices []Price, sample func(kind, model string) Sample, at time.Time,
) (f PartForecast, err error) {
	f = PartForecast{PlannedPart: p, Basis: BasisMeasured}
	if f.Hold, err = Hold(prices, p.Estimate, at); err != nil {
		return f, err
	}
	paid := sample(p.Kind, p.Estimate.Models[0])
	if f.Samples, f.Likely = paid.Calls, paid.Median; paid.Calls >= MinSamples {
		return f, nil
	}
	usual := p.Estimate
	usual.Models = usual.Models[:1]
	usual.PromptBytes, usual.MaxCompletionTokens = usual.PromptBytes/4, usual.MaxCompletionTokens/2
	f.Basis = BasisCold
	f.Likely, err = Hold(prices, usual, at)
	return f, err
}

// Each returns the forecast of n units of the work, each of which has a budget with a cap. The budget bounds the cost,
// so Most is n times the cap.
func (w WorkForecast) Each(n int64, cap Pico) (WorkForecast, error) {
	var err error
	if w.Likely, err = min(w.Likely, cap).Times(n); err != nil {
		return w, err
	}
	w.Most, err = cap.Times(n)
	return w, err
}

// Affordable returns how many units of at most this cost the account has room for: at most n.
func (b Balance) Affordable(each Pico, n int) int {
	remaining, limited := b.Remaining()
	switch {
	case b.Stopped || limited && remaining.int().Sign() < 0:
		return 0
	case !limited || each <= 0:
		return n
	}
	fit := new(big.Int).Quo(remaining.int(), big.NewInt(int64(each)))
	if fit.IsInt64() && fit.Int64() < int64(n) {
		return int(fit.Int64())
	}
	return n
}

// Affordable returns how many units of at most this cost both accounts have room for: at most n.
func (r Room) Affordable(each Pico, n int) int {
	return min(r.Workflow.Affordable(each, n), r.Month.Affordable(each, n))
}

// Afford returns the refusal of the account without room for the work, the workflow's first; nil if both have room.
// Calls in flight count with their holds.
func (r Room) Afford(most Pico) *RefusedError {
	for _, account := range []struct {
		kind    AccountKind
		balance Balance
	}{{AccountWorkflow, r.Workflow}, {AccountMonth, r.Month}} {
		if !account.balance.Admits(most) {
			return Refuse(account.kind, account.balance, most)
		}
	}
	return nil
}
