package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// notice ends the texts of an article.
const notice = "(Sandbox: no model was asked.)"

// invented is what a section claims that invents its sources.
const invented = " A study says so [E99], see [the study](https://invented.example/study) and " +
	"https://invented.example/raw."

// articleRequest is what the requests about an article quote.
type articleRequest struct {
	Brief struct {
		Title     string   `json:"title"`
		Keyword   string   `json:"primaryKeyword"`
		Questions []string `json:"questions"`
	} `json:"brief"`
	Words   int `json:"words"`
	Section struct {
		Heading string `json:"heading"`
	} `json:"section"`
	Evidence []struct {
		ID    string `json:"id"`
		Quote string `json:"quote"`
	} `json:"evidence"`
	Pages []struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	} `json:"pages"`
}

// readArticle returns what a request about an article quotes. The number of sections of an outline and the sections of
// an edit have one name.
func readArticle(messages []message) (request articleRequest, sections int) {
	for _, m := range messages {
		var count struct {
			Sections json.RawMessage `json:"sections"`
		}
		if m.Role != "user" || json.Unmarshal([]byte(m.Content), &request) != nil {
			continue
		}
		_ = json.Unmarshal([]byte(m.Content), &count) // It was read above.
		var listed []json.RawMessage
		if json.Unmarshal(count.Sections, &sections) != nil && json.Unmarshal(count.Sections, &listed) == nil {
			sections = len(listed)
		}
		break
	}
	if request.Brief.Keyword == "" {
		request.Brief.Keyword = "the subject"
	}
	request.Brief.Keyword = first(request.Brief.Keyword, 60)
	return request, sections
}

// articleAnswer answers the requests of an article by the name of their schema.
func articleAnswer(schema string, random *rand.Rand, messages []message, invents bool) (any, bool) {
	request, sections := readArticle(messages)
	switch schema {
	case "outline":
		return outlineAnswer(request, sections), true
	case "evidence":
		return evidenceAnswer(request, invents), true
	case "section":
		return sectionAnswer(random, request, invents), true
	case "edit":
		return editAnswer(request, sections, invents), true
	}
	return nil, false
}

var headingForms = []string{
	"Why %s matters", "How %s works in practice", "What to compare before choosing %s", "The effort behind %s",
	"First steps with %s", "Mistakes to avoid with %s", "How to measure %s", "Questions about %s",
}

type outlineSection struct {
	Heading   string   `json:"heading"`
	Purpose   string   `json:"purpose"`
	Words     int      `json:"words"`
	Questions []string `json:"questions"`
}

func outlineAnswer(r articleRequest, sections int) map[string]any {
	planned := []outlineSection{}
	for i := range min(max(sections, 1), len(headingForms)) {
		s := outlineSection{
			Heading:   fmt.Sprintf(headingForms[i], r.Brief.Keyword),
			Purpose:   "It takes the reader one step further. " + notice,
			Words:     r.Words * 9 / 10 / max(sections, 1),
			Questions: []string{},
		}
		if len(r.Brief.Questions) > 0 {
			s.Questions = append(s.Questions, first(r.Brief.Questions[i%len(r.Brief.Questions)], 150))
		}
		planned = append(planned, s)
	}
	return map[string]any{"sections": planned}
}

type pageQuote struct {
	Page  string `json:"page"`
	Quote string `json:"quote"`
}

// quotesOfPage is how many sentences of a page an answer quotes.
const quotesOfPage = 4

// evidenceAnswer quotes sentences of the pages, word for word.
func evidenceAnswer(r articleRequest, invents bool) map[string]any {
	quotes := []pageQuote{}
	for _, page := range r.Pages {
		count := 0
		for line := range strings.Lines(page.Text) {
			line = strings.TrimSpace(line)
			if len(line) < 40 || len(line) > 300 || !strings.HasSuffix(line, ".") || count == quotesOfPage ||
				strings.Contains(line, "synthetic") {
				continue
			}
			count++
			quotes = append(quotes, pageQuote{page.ID, line})
		}
	}
	if invents {
		quotes = append(quotes, pageQuote{"P1", "Nine of ten teams say so in a study without an author."},
			pageQuote{"P99", "This page does not exist, and its figure is 42 percent."})
	}
	return map[string]any{"quotes": quotes[:min(len(quotes), 12)]}
}

// sentenceForms are the sentences of a section; %s is the keyword.
var sentenceForms = []string{
	"Good %s begins with a clear question that the whole team can answer.",
	"Write down which decision depends on the answer before you compare any offers.",
	"Small teams gain most when one person owns the result and shows it every week.",
	"The people who work with it every day should see it before the contract is signed.",
	"Ask for a trial with your own data, because examples of a vendor always look clean.",
	"A short list of three candidates is easier to defend than a long table of features.",
	"When the work of %s is spread over many tools, mistakes stay hidden for longer.",
	"Plan the change in small steps, so that each of them can be taken back.",
	"Reports help only if a person reads them and changes something afterwards.",
	"Keep the old way of working for a few weeks and compare the two results.",
	"Support matters more than a long list of functions that your team will never use.",
	"Think about the exit as well: how do you get your own records back?",
	"The best moment to train new colleagues is the week in which they need it.",
	"A simple rule that the team follows beats a perfect one that is written down and forgotten.",
	"It is easier to plan %s when the goal fits into a single sentence.",
	"Talk to a company of your size that has made the same decision before you.",
	"Hidden effort appears in meetings, in handovers and in questions that come up again.",
	"Do not measure everything: choose the few signs that show whether customers are served better.",
	"If two tools do the same, choose the one that your newest colleague understands at once.",
	"An honest calendar for the first month prevents most of the later disappointment.",
	"Make one list of open questions and close them together at the end of each week.",
	"The person who maintains the records should be allowed to change how they are kept.",
	"A good start is a process that hurts today and that ends with a visible result.",
	"Look at your own numbers first and at the promises of others only after that.",
}

// sectionAnswer writes a section of about as many words as were asked for. It cites all of its evidence.
func sectionAnswer(random *rand.Rand, r articleRequest, invents bool) map[string]any {
	own := rand.New(rand.NewPCG(random.Uint64(), hashOf(r.Section.Heading))) //nolint:gosec // Repeatable on purpose.
	var text strings.Builder
	words, order := len(strings.Fields(notice)), own.Perm(len(sentenceForms))
	add := func(sentence string, at int) {
		words += len(strings.Fields(sentence))
		text.WriteString(sentence)
		text.WriteString([]string{" ", " ", "\n\n"}[at%3])
	}
	at := 0
	for _, e := range r.Evidence {
		add(fmt.Sprintf("One source puts it this way: “%s” [%s].", strings.TrimSuffix(e.Quote, "."), e.ID), at)
		at++
	}
	for i := 0; words < min(r.Words, 450); i++ {
		form := sentenceForms[order[i%len(order)]]
		if strings.Contains(form, "%s") {
			form = fmt.Sprintf(form, r.Brief.Keyword)
		}
		add(form, at)
		at++
	}
	body := strings.TrimSpace(text.String())
	if invents {
		body += invented
	}
	return map[string]any{"markdown": body + " " + notice}
}

type transition struct {
	Section  int    `json:"section"`
	Sentence string `json:"sentence"`
}

func editAnswer(r articleRequest, sections int, invents bool) map[string]any {
	intro := fmt.Sprintf("This article explains %s for people who have to decide soon. It shows what to compare, where "+
		"the effort hides and how a small team can begin without a large project. Each section can be read alone. ",
		r.Brief.Keyword)
	if invents {
		intro += invented
	}
	transitions := []transition{}
	if sections > 2 {
		transitions = append(transitions, transition{2, "With the basics in place, the choice becomes easier."})
	}
	return map[string]any{
		"title":             fmt.Sprintf("%s: a practical guide", r.Brief.Keyword),
		"metaDescription":   fmt.Sprintf("What to know about %s before you decide. %s", r.Brief.Keyword, notice),
		"introduction":      intro + notice,
		"conclusionHeading": "What to do next",
		"conclusion": fmt.Sprintf("Choose one process, name an owner and try %s with your own records. Decide after a "+
			"month, with the people who have used it, and write down why. ", r.Brief.Keyword) + notice,
		"transitions": transitions,
	}
}
