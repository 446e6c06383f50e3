package steps

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// sectionEnds is how many bytes of the beginning and of the end of a section the editor sees.
const sectionEnds = 500

var editSchema = llm.Schema{Name: "edit", Body: json.RawMessage(`{"type":"object","additionalProperties":false,` +
	`"required":["title","metaDescription","introduction","conclusionHeading","conclusion","transitions"],` +
	`"properties":{"title":{"type":"string"},"metaDescription":{"type":"string"},"introduction":{"type":"string"},` +
	`"conclusionHeading":{"type":"string"},"conclusion":{"type":"string"},"transitions":{"type":"array","items":{` +
	`"type":"object","additionalProperties":false,"required":["section","sentence"],"properties":{"section":{` +
	`"type":"integer"},"sentence":{"type":"string"}}}}}}`)}

const editSystem = `You are the editor of an article whose sections were written apart. You make one text of them.

` + ruleOfData + `

Rules:
- title: at most 90 characters, with all words of the primary keyword.
- metaDescription: at most 155 characters.
- introduction: 40 to 90 words on what the reader will be able to decide. conclusion: 40 to 90 words on what to do next,
  under conclusionHeading.
- transitions: for a section that begins abruptly, one sentence that leads to it from the section before. Sections are
  counted from 0. At most four.
- No digits, no facts that the sections do not state, no links, no citations.
- In the language of the field language.

Answer with one JSON object and nothing else:
{"title": "…", "metaDescription": "…", "introduction": "…", "conclusionHeading": "…", "conclusion": "…", ` +
	`"transitions": [{"section": 1, "sentence": "…"}]}`

type editedSection struct {
	Heading string `json:"heading"`
	Begins  string `json:"begins"`
	Ends    string `json:"ends"`
}

// edit makes one text of the sections: its title, beginning, end and transitions.
func (w *writing) edit(ctx context.Context, d content.Draft) (content.Edit, error) {
	data := struct {
		articleData
		Sections []editedSection `json:"sections"`
	}{articleData: w.data()}
	for i, s := range d.Outline.Sections {
		body := d.Bodies[i]
		data.Sections = append(data.Sections, editedSection{
			Heading: crawl.Clean(s.Heading, quotedLine),
			Begins:  crawl.Clean(body, sectionEnds),
			Ends:    crawl.Clean(endOf(body, sectionEnds), sectionEnds),
		})
	}
	key, q, err := w.request(articleQuestion{
		kind:      cost.PartEdit,
		system:    editSystem,
		data:      data,
		schema:    &editSchema,
		maxTokens: cost.EditTokens,
		read:      func(text string) ([]byte, error) { return readEdit(text, len(d.Bodies)) },
	})
	if err != nil {
		return content.Edit{}, err
	}
	return answerTo[content.Edit](func() ([]byte, error) {
		part, err := w.ask(ctx, key, q)
		return part.Content, err
	})
}

// endOf returns the last bytes of a text, from a whole character on.
func endOf(text string, bytes int) string {
	if len(text) <= bytes {
		return ""
	}
	return strings.ToValidUTF8(text[len(text)-bytes:], "")
}

// readEdit checks an answer and returns it in the form that is kept.
func readEdit(text string, sections int) ([]byte, error) {
	var answer struct {
		content.Edit
		Transitions []struct {
			Section  int    `json:"section"`
			Sentence string `json:"sentence"`
		} `json:"transitions"`
	}
	if err := workflow.ParseAnswer(text, &answer); err != nil {
		return nil, err
	}
	edit := answer.Edit
	edit.Transitions = map[int]string{}
	for _, t := range answer.Transitions {
		edit.Transitions[t.Section] = t.Sentence
	}
	edit, err := edit.Clean(sections)
	if err != nil {
		return nil, err
	}
	return json.Marshal(edit)
}
