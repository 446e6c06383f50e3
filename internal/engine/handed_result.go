package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/spelling"
	"github.com/infin8content/engine/internal/workflow"
)

// HandedResult is what a program outside has produced. Exactly one of ICP, Keywords and Object is set: the profile for
// the step ICP, keywords for COMPETITOR, and a JSON object for every other step.
type HandedResult struct {
	ICP      *workflow.ICP
	Keywords []FoundKeyword
	Object   json.RawMessage
	// Model and Provider are as the program names them; "" when it names none.
	Model, Provider string
}

// FoundKeyword is a keyword that a program outside has found. An unknown figure is nil.
type FoundKeyword struct {
	Text       string         `json:"text"`
	Intent     content.Intent `json:"intent,omitempty"`
	Volume     *int           `json:"volume,omitempty"`
	Difficulty *int           `json:"difficulty,omitempty"`
	CPC        *cost.Pico     `json:"cpcPico,omitempty"`
	Language   string         `json:"language,omitempty"`
	Competitor string         `json:"competitor,omitempty"`
}

const (
	// maxHandedKeywords limits the keywords of a result. It is what the engine's own analysis keeps.
	maxHandedKeywords = 300
	// MaxHandedBytes limits a result that is a JSON object.
	MaxHandedBytes = 128 << 10
	maxHandedDepth = 32
	maxLanguage    = 35  // characters of a BCP 47 tag
	maxDomain      = 253 // characters
	maxCPC         = 10_000 * cost.Dollar
	maxVolume      = 2_000_000_000
)

// modeWorker says that a program outside made the analysis.
const modeWorker content.Mode = "WORKER"

// read checks a result and returns it in the form that is kept.
func (e *Engine) read(
	ctx context.Context, who caller.Caller, run workflow.Run, in HandedResult,
) (FinishInput, error) {
	out := FinishInput{
		Run: run,
		Result: Result{
			Step:     run.Step,
			Model:    cost.CleanName(in.Model),
			Provider: cost.CleanName(in.Provider),
		},
	}
	field := resultField(run.Step)
	if given := in.fields(); len(given) != 1 || given[0] != field {
		return out, fault.Invalid([]string{"result", field}, "The result of %s has the field %s and no other.",
			run.Step, field)
	}
	var err error
	switch field {
	case "icp":
		out.Result.Content, err = readProfile(*in.ICP)
	case "keywords":
		err = e.readKeywords(ctx, who, in.Keywords, &out)
	default:
		out.Result.Content, err = readObject(in.Object)
	}
	return out, err
}

// resultField returns the field that has the result of a step.
func resultField(step workflow.StepKey) string {
	switch step {
	case workflow.StepICP:
		return "icp"
	case workflow.StepCompetitor:
		return "keywords"
	default:
		return "object"
	}
}

func (in HandedResult) fields() (names []string) {
	if in.ICP != nil {
		names = append(names, "icp")
	}
	if in.Keywords != nil {
		names = append(names, "keywords")
	}
	if in.Object != nil {
		names = append(names, "object")
	}
	return names
}

// readProfile applies the limits of a model's answer.
func readProfile(given workflow.ICP) ([]byte, error) {
	text, err := json.Marshal(given)
	if err != nil {
		return nil, fmt.Errorf("write a profile: %w", err)
	}
	profile, err := workflow.ParseICP(string(text))
	if err != nil {
		return nil, fault.Invalid([]string{"result", "icp"}, "The profile is not usable: %s.", err)
	}
	return json.Marshal(profile)
}

// readKeywords merges and scores keywords as the engine's own analysis does.
func (e *Engine) readKeywords(ctx context.Context, who caller.Caller, given []FoundKeyword, out *FinishInput) error {
	if len(given) < 1 || len(given) > maxHandedKeywords {
		return fault.Invalid([]string{"result", "keywords"}, "An analysis has 1 to %d keywords, not %d.",
			maxHandedKeywords, len(given))
	}
	known := map[string]FoundKeyword{}
	var candidates []content.Candidate
	for i, k := range given {
		if utf8.ValidString(k.Text) && !strings.ContainsRune(k.Text, 0) { // Else check refuses it as it is.
			given[i].Text = strings.Join(strings.Fields(spelling.Scrub(k.Text)), " ")
		}
		if field, problem := given[i].check(); problem != "" {
			return fault.Invalid([]string{"result", "keywords", strconv.Itoa(i), field}, "%s", problem)
		}
		k = given[i]
		if normalised := content.Normalise(k.Text); known[normalised].Text == "" {
			known[normalised] = k
		}
		candidates = append(candidates, content.Candidate{
			Text:       k.Text,
			Volume:     k.Volume,
			Difficulty: k.Difficulty,
			Intent:     string(k.Intent),
			Language:   k.Language,
		})
	}
	input, err := e.StepInput(ctx, who, out.Run)
	if err != nil {
		return err
	}
	profile := content.Profile{}
	if p := input.Profile; p != nil {
		profile = content.NewProfile(slices.Concat(
			p.Industries, p.BuyerRoles, p.PainPoints, []string{p.ValueProposition},
		)...)
	}
	out.Keywords = content.Seeds(candidates, profile, content.SourceWorker, maxHandedKeywords)
	for i, seed := range out.Keywords {
		out.Keywords[i].CPC, out.Keywords[i].Competitor = known[seed.Normalised].CPC, known[seed.Normalised].Competitor
	}
	out.Result.Content, err = json.Marshal(struct {
		content.Analysis
		Keywords []FoundKeyword `json:"keywords"`
	}{content.Analysis{Mode: modeWorker, Competitors: []content.Competitor{}}, given})
	return err
}

// check returns the field of a keyword that is not usable, with the reason.
func (k FoundKeyword) check() (field, problem string) {
	switch {
	case !utf8.ValidString(k.Text) || strings.ContainsRune(k.Text, 0) || !content.IsKeyword(k.Text):
		return "text", "A keyword has a word and at most 200 characters."
	case k.Intent != "" && !k.Intent.Valid():
		return "intent", "This is no search intent."
	case k.Volume != nil && (*k.Volume < 0 || *k.Volume > maxVolume):
		return "volume", fmt.Sprintf("A volume is 0 to %d.", maxVolume)
	case k.Difficulty != nil && (*k.Difficulty < 0 || *k.Difficulty > 100):
		return "difficulty", "A difficulty is 0 to 100."
	case k.CPC != nil && (*k.CPC < 0 || *k.CPC > maxCPC):
		return "cpc", "The price of a click is 0 to 10000 dollars."
	case k.Language != "" && (len(k.Language) > maxLanguage || !languageTag.MatchString(k.Language)):
		return "language", "A language is a BCP 47 tag."
	case k.Competitor != "" && (len(k.Competitor) > maxDomain || !domainName.MatchString(k.Competitor)):
		return "competitor", "A competitor is a domain."
	}
	return "", ""
}

// The forms of a tag and of a domain.
var (
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
	domainName  = regexp.MustCompile(`^[A-Za-z0-9]+(-+[A-Za-z0-9]+)*([.][A-Za-z0-9]+(-+[A-Za-z0-9]+)*)*$`)
)

// readObject checks an object that the engine keeps as it is: its size, its depth, and that the database can store its
// texts and numbers.
func readObject(object []byte) ([]byte, error) {
	refused := fault.Invalid([]string{"result", "object"}, "The result is one JSON object of at most %d bytes and %d "+
		"levels. Its texts have no NUL.", MaxHandedBytes, maxHandedDepth)
	var value map[string]any
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if len(object) > MaxHandedBytes || !utf8.Valid(object) || decoder.Decode(&value) != nil || value == nil ||
		!isStorable(value, maxHandedDepth) {
		return nil, refused
	}
	return object, nil
}

// isStorable reports whether the database can keep a JSON value of at most depth levels.
func isStorable(value any, depth int) bool {
	switch v := value.(type) {
	case string:
		return !strings.ContainsRune(v, 0)
	case json.Number:
		_, err := v.Float64()
		return err == nil
	case []any:
		return depth > 0 && !slices.ContainsFunc(v, func(item any) bool { return !isStorable(item, depth-1) })
	case map[string]any:
		for name, item := range v {
			if depth == 0 || !isStorable(name, depth) || !isStorable(item, depth-1) {
				return false
			}
		}
	}
	return true
}
