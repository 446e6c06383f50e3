package content

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The limits of the parts of an article.
const (
	FewestSections = 4
	MostSections   = 8
	maxHeading     = 160
	maxPurpose     = 400
	maxSection     = 12 << 10 // bytes
	maxTransition  = 400      // characters
	maxIntro       = 4 << 10  // bytes
	maxMeta        = 320      // characters
)

// wordsOfSection is the usual length of a section. [estimate]
const wordsOfSection = 300

// SectionsFor returns how many sections an article of this length has.
func SectionsFor(words int) int {
	return min(max((words+wordsOfSection-1)/wordsOfSection, FewestSections), MostSections)
}

// SectionPlan is one section of an outline.
type SectionPlan struct {
	Heading   string   `json:"heading"`
	Purpose   string   `json:"purpose"`
	Words     int      `json:"words"`
	Questions []string `json:"questions"`
}

// Outline is the plan of a text: its sections in their order.
type Outline struct {
	Sections []SectionPlan `json:"sections"`
}

// Clean returns an outline that a writer can work from: cut to the limits, with different headings, and with lengths
// that add up to the words. The error says why it is none.
func (o Outline) Clean(words int) (Outline, error) {
	var cleaned Outline
	seen := map[string]bool{}
	for _, s := range o.Sections {
		s.Heading = strings.Trim(cut(spaced(WithoutLinks(s.Heading)), maxHeading), "# ")
		s.Heading = spaced(citation.ReplaceAllString(s.Heading, ""))
		s.Purpose = cut(spaced(s.Purpose), maxPurpose)
		if key := Normalise(s.Heading); key == "" || seen[key] {
			continue
		} else {
			seen[key] = true
		}
		s.Questions = Brief{Questions: s.Questions}.Clean().Questions
		s.Questions = s.Questions[:min(len(s.Questions), MostQuestions)]
		for i := range s.Questions {
			s.Questions[i] = cut(s.Questions[i], maxPhrase)
		}
		cleaned.Sections = append(cleaned.Sections, s)
	}
	if len(cleaned.Sections) < FewestSections {
		return cleaned, fmt.Errorf("the outline has %d different sections, fewer than %d", len(cleaned.Sections),
			FewestSections)
	}
	cleaned.Sections = cleaned.Sections[:min(len(cleaned.Sections), MostSections)]
	// The introduction and the conclusion have the rest.
	each := words * 9 / 10 / len(cleaned.Sections)
	for i, s := range cleaned.Sections {
		cleaned.Sections[i].Words = min(max(s.Words, each*3/4), each*5/4)
	}
	return cleaned, nil
}

// cut shortens a text to a number of characters.
func cut(text string, characters int) string {
	runes := []rune(text)
	return strings.TrimSpace(string(runes[:min(len(runes), characters)]))
}

// Edit is what makes one text of the sections. Transitions begin sections, by their index.
type Edit struct {
	Title             string         `json:"title"`
	MetaDescription   string         `json:"metaDescription"`
	Introduction      string         `json:"introduction"`
	ConclusionHeading string         `json:"conclusionHeading"`
	Conclusion        string         `json:"conclusion"`
	Transitions       map[int]string `json:"transitions"`
}

// Clean returns an edit within the limits, without links and citations: it was made without evidence.
func (e Edit) Clean(sections int) (Edit, error) {
	plainText := func(text string) string {
		return strings.TrimSpace(citation.ReplaceAllString(SectionText(text), ""))
	}
	e.Title = cut(spaced(plainText(e.Title)), MaxVersionTitle)
	e.MetaDescription = cut(spaced(plainText(e.MetaDescription)), maxMeta)
	e.ConclusionHeading = strings.Trim(cut(spaced(plainText(e.ConclusionHeading)), maxHeading), "# ")
	e.Introduction, e.Conclusion = plainText(e.Introduction), plainText(e.Conclusion)
	transitions := map[int]string{}
	for i, text := range e.Transitions {
		if text = cut(spaced(plainText(text)), maxTransition); i > 0 && i < sections && text != "" {
			transitions[i] = text
		}
	}
	e.Transitions = transitions
	switch {
	case e.Title == "" || e.Introduction == "" || e.Conclusion == "" || e.ConclusionHeading == "":
		return e, errors.New("the edit lacks a title, an introduction or a conclusion")
	case len(e.Introduction) > maxIntro || len(e.Conclusion) > maxIntro:
		return e, errors.New("the introduction or the conclusion is too long")
	}
	return e, nil
}

// Draft is a text in its parts.
type Draft struct {
	Outline Outline
	Bodies  []string // of the sections
	Edit    Edit
}

// Markdown returns the text: the introduction, the sections with their headings, and the conclusion. It has no link,
// even where the parts make one only together.
func (d Draft) Markdown() string {
	sections := []Section{{Body: d.Edit.Introduction}}
	for i, s := range d.Outline.Sections {
		body := d.Bodies[i]
		if transition := d.Edit.Transitions[i]; transition != "" {
			body = transition + "\n\n" + body
		}
		sections = append(sections, Section{Level: 2, Heading: s.Heading, Body: body})
	}
	sections = append(sections, Section{Level: 2, Heading: d.Edit.ConclusionHeading, Body: d.Edit.Conclusion})
	return WithoutLinks(JoinSections(sections)) + "\n"
}

// ToRepair returns the indexes of the sections that blocking checks are about. A wrong length is about the sections
// that differ most from their plan, and a wrong language about all.
func (d Draft) ToRepair(checks []Check) (indexes []int) {
	for i, s := range d.Outline.Sections {
		if slices.ContainsFunc(checks, func(c Check) bool { return c.IsBlocking && d.concerns(i, s, c) }) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

func (d Draft) concerns(i int, s SectionPlan, c Check) bool {
	switch {
	case c.Section != "":
		return c.Section == s.Heading
	case c.Code == CheckWordCount:
		words := CountWords(read(d.Bodies[i]).text)
		return words*4 < s.Words*3 || words*4 > s.Words*5
	}
	return c.Code == CheckLanguage
}

// SectionText returns a text of a model as the body of a section: without links and addresses, which a model may
// invent, without control characters, and with headings of level 3 and below only.
func SectionText(markdown string) string {
	fence := ""
	var body strings.Builder
	for line := range strings.Lines(WithoutLinks(PlainLines(markdown))) {
		before := fence
		fence = fenceAfter(fence, line)
		level, heading := headingOf(line)
		switch {
		case before != "" || fence != "":
		case level > 0 && heading == "", underline.MatchString(strings.TrimSpace(line)):
			continue // The line below a heading makes it one of level 1 or 2.
		case level > 0 && level < 3:
			line = "### " + heading + "\n"
		}
		body.WriteString(line)
	}
	if fence != "" {
		body.WriteString("\n" + fence + "\n")
	}
	cleaned := strings.TrimSpace(body.String())
	for _, plainer := range []func(string) string{
		func(text string) string { return text },
		// The heading is in a list or a quotation, or it is indented.
		func(text string) string { return headingSigns.ReplaceAllString(text, "") },
		func(text string) string { return headingSigns.ReplaceAllString(read(text).text, "") },
	} {
		if cleaned = strings.TrimSpace(plainer(cleaned)); !isTitled(cleaned) {
			return cleaned
		}
	}
	return ""
}

var (
	// headingSigns are the signs that make a line a heading: before it, and on the line below it.
	headingSigns = regexp.MustCompile(`(?m)#+|^[ \t>]*(?:=+|-+)[ \t]*$`)
	underline    = regexp.MustCompile(`^(=+|-+)$`)
)

// AssignQuotes gives each quote to the section that has most words of it, and one that fits none to the section with
// the fewest quotes. So no two sections open with the same figure. It returns the quotes of each section.
func AssignQuotes(sections []SectionPlan, quotes []Quote) [][]Quote {
	assigned := make([][]Quote, len(sections))
	if len(sections) == 0 {
		return assigned
	}
	subjects := make([]map[string]bool, len(sections))
	for i, s := range sections {
		subjects[i] = map[string]bool{}
		for _, word := range Words(s.Heading + " " + s.Purpose + " " + strings.Join(s.Questions, " ")) {
			subjects[i][word] = len([]rune(word)) > 3
		}
	}
	most := (len(quotes)+len(sections)-1)/len(sections) + 1
	var fitsNone []Quote
	for _, q := range quotes {
		best, shared := -1, 0
		for i := range sections {
			if n := countIn(subjects[i], q.Text); n > shared && len(assigned[i]) < most {
				best, shared = i, n
			}
		}
		if best < 0 {
			fitsNone = append(fitsNone, q)
			continue
		}
		assigned[best] = append(assigned[best], q)
	}
	for _, q := range fitsNone {
		fewest := 0
		for i := range assigned {
			if len(assigned[i]) < len(assigned[fewest]) {
				fewest = i
			}
		}
		assigned[fewest] = append(assigned[fewest], q)
	}
	return assigned
}

// countIn counts the words of a text that a set has.
func countIn(set map[string]bool, text string) (count int) {
	for _, word := range Words(text) {
		if set[word] {
			count++
		}
	}
	return count
}
