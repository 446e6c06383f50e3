package steps

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// sectionsAtOnce is how many sections of one article are written side by side.
	sectionsAtOnce = 3
	// shorterAfterCut is the share of the words that a section has after an attempt with an unusable answer.
	shorterAfterCut = 0.75
	mostSection     = 12 << 10 // bytes
)

var sectionSchema = llm.Schema{Name: "section", Body: json.RawMessage(`{"type":"object","additionalProperties":false,` +
	`"required":["markdown"],"properties":{"markdown":{"type":"string"}}}`)}

// citingRule is for a section with evidence, silentRule for one without.
const (
	citingRule = `- Every figure, date, name of a study and statement about others comes from the field evidence. Put the
  id of the evidence in brackets behind the sentence: [E3]. Use no other id. Quote or paraphrase closely, add nothing.`
	silentRule = `- There is no evidence. Write no digits, no figures in words, no dates, no studies and no statements
  about what others do. Explain, define and give advice.`
)

const sectionSystem = `You write one section of an article. Other writers write the other sections at the same time.

` + ruleOfData + `

Rules:
%EVIDENCE%
- No links, no addresses, no headings of your own above level three, no HTML.
- About as many words as the field words says. Answer the questions of the section, no others.
- Do not repeat the heading, do not introduce the article, do not conclude it.
- Write for the buyers of the profile, in the language of the field language: plain, concrete, without praise.
- If the field problems is there, it says what was wrong with an earlier text. Avoid that.

Answer with one JSON object and nothing else: {"markdown": "…"}`

// sectionData is what a request for a section quotes.
type sectionData struct {
	articleData
	Outline []string         `json:"outline"` // all headings
	Section sectionPlanData  `json:"section"`
	Quotes  []quotedEvidence `json:"evidence"`
	// Words may differ between two attempts, and no kept answer is lost by it.
	Words    int      `json:"words,omitempty"`
	Problems []string `json:"problems,omitempty"`
}

type sectionPlanData struct {
	Heading   string   `json:"heading"`
	Purpose   string   `json:"purpose"`
	Questions []string `json:"questions"`
}

type quotedEvidence struct {
	ID    string `json:"id"`
	Quote string `json:"quote"`
}

// sections returns the text of each section. With problems it has only those sections written again that have some, and
// keeps the others.
func (w *writing) sections(ctx context.Context, d content.Draft, problems map[int][]string) ([]string, error) {
	var (
		all    sync.WaitGroup
		errs   = make([]error, len(d.Outline.Sections))
		bodies = make([]string, len(d.Outline.Sections))
		places = make(chan struct{}, sectionsAtOnce)
		quotes = content.AssignQuotes(d.Outline.Sections, w.quotes)
	)
	copy(bodies, d.Bodies)
	for i := range d.Outline.Sections {
		if problems != nil && len(problems[i]) == 0 {
			continue
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			bodies[i], errs[i] = w.section(ctx, d.Outline, sectionOrder{i, quotes[i], problems[i]})
		})
	}
	all.Wait() // After a failure the others end first: they are paid.
	for i := range errs {
		if errs[i] != nil {
			return nil, worst(slicesOf(errs))
		}
	}
	return bodies, nil
}

// slicesOf returns the errors that are there.
func slicesOf(errs []error) (failed []error) {
	for _, err := range errs {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// sectionOrder says which section is to be written, from which evidence, and what was wrong before.
type sectionOrder struct {
	index    int
	quotes   []content.Quote
	problems []string
}

func (w *writing) section(ctx context.Context, outline content.Outline, order sectionOrder) (string, error) {
	plan := outline.Sections[order.index]
	data := sectionData{
		articleData: w.data(),
		Section: sectionPlanData{
			Heading:   plan.Heading,
			Purpose:   plan.Purpose,
			Questions: lines(plan.Questions, content.MostQuestions, quotedQuestion),
		},
		Problems: lines(order.problems, 5, 2*quotedLine),
	}
	for _, s := range outline.Sections {
		data.Outline = append(data.Outline, crawl.Clean(s.Heading, quotedLine))
	}
	rule := silentRule
	for _, q := range order.quotes {
		rule = citingRule
		data.Quotes = append(data.Quotes, quotedEvidence{q.ID(), q.Text})
	}
	ask := articleQuestion{
		kind:      cost.PartSection,
		system:    strings.ReplaceAll(sectionSystem, "%EVIDENCE%", rule),
		data:      data,
		schema:    &sectionSchema,
		maxTokens: cost.SectionTokens,
		read:      readSection,
	}
	key, _, err := w.request(ask)
	if err != nil {
		return "", err
	}
	// The key was made without the words: a shorter target in a later attempt must not buy a finished section again.
	data.Words = plan.Words
	if w.LastFailure == workflow.FailureInvalidOutput {
		data.Words = int(float64(plan.Words) * shorterAfterCut)
	}
	ask.data = data
	_, q, err := w.request(ask)
	if err != nil {
		return "", err
	}
	return answerTo[string](func() ([]byte, error) {
		part, err := w.ask(ctx, key, q)
		return part.Content, err
	})
}

// readSection checks an answer and returns the text in the form that is kept: without links, which a model may invent.
func readSection(text string) ([]byte, error) {
	var answer struct {
		Markdown string `json:"markdown"`
	}
	if err := workflow.ParseAnswer(text, &answer); err != nil {
		return nil, err
	}
	body := content.SectionText(answer.Markdown)
	switch {
	case body == "":
		return nil, errors.New("the section is empty")
	case len(body) > mostSection:
		return nil, errors.New("the section is too long")
	}
	return json.Marshal(body)
}
