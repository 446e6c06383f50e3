package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/workflow"
)

const plain = `{
	"industries": ["Retail", " 製造業 "],
	"buyerRoles": ["CFO"],
	"painPoints": ["Slow close 🐌"],
	"valueProposition": "Close the books\nin a day."
}`

var parsedICP = workflow.ICP{
	Industries:       []string{"Retail", "製造業"},
	BuyerRoles:       []string{"CFO"},
	PainPoints:       []string{"Slow close 🐌"},
	ValueProposition: "Close the books\nin a day.",
}

func TestParseICP_AcceptsPlainAndFencedJSON(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"Plain":           plain,
		"WhiteSpace":      "\n\t " + plain + " \r\n",
		"Fence":           "```\n" + plain + "\n```",
		"JSONFence":       "```json\n" + plain + "\n```",
		"UpperCaseFence":  "```JSON\r\n" + plain + "\r\n```\n",
		"FenceOnOneLine":  "```json " + plain + "```",
		"SpaceAround":     "  ```json\n" + plain + "\n```  ",
		"EscapedLetters":  strings.Replace(plain, "CFO", `\u0043FO`, 1),
		"EscapedEmoji":    strings.Replace(plain, "🐌", `\ud83d\udc0c`, 1),
		"EscapedField":    strings.Replace(plain, "buyerRoles", `buyer\u0052oles`, 1),
		"SpaceAroundItem": strings.Replace(plain, `"CFO"`, `"\t CFO\n"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := workflow.ParseICP(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parsedICP, got); diff != "" {
				t.Errorf("profile (-want +got):\n%s", diff)
			}
		})
	}
}

// answer is an answer whose four fields are the given JSON texts.
func answer(industries, roles, points, value string) string {
	return `{"industries":` + industries + `,"buyerRoles":` + roles + `,"painPoints":` + points +
		`,"valueProposition":` + value + `}`
}

// items is a JSON list of n equal texts.
func items(n int, text string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(`"`+text+`",`, n), ",") + "]"
}

func TestParseICP_LimitsAreInclusive(t *testing.T) {
	t.Parallel()
	long := items(20, strings.Repeat(`\ud83d\udc4d`, 200)) // the largest answer: everything escaped
	text := answer(long, long, long, `"`+strings.Repeat(`\ud83d\udc4d`, 2000)+`"`)
	got, err := workflow.ParseICP(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(got.Industries); got != 20 {
		t.Errorf("industries: got %d, want 20", got)
	}
	if got.ValueProposition != strings.Repeat("👍", 2000) {
		t.Error("the value proposition did not survive")
	}
}

func TestParseICP_RefusesUnusableAnswersWithTheReason(t *testing.T) {
	t.Parallel()
	ok := `["a"]`
	good := answer(ok, ok, ok, `"v"`)
	long := strings.Repeat("é", 201)
	for name, c := range map[string]struct{ text, want string }{
		"Empty":           {"", "the answer is not one JSON value"},
		"Prose":           {"Here is the profile: " + good, "the answer is not one JSON value"},
		"TrailingProse":   {good + "\nHope this helps!", "the answer is not one JSON value"},
		"TwoObjects":      {good + good, "the answer is not one JSON value"},
		"CutOff":          {good[:len(good)-3], "the answer is not one JSON value"},
		"ACommaTooMany":   {strings.TrimSuffix(good, "}") + ",}", "the answer is not one JSON value"},
		"SingleQuotes":    {strings.ReplaceAll(good, `"`, `'`), "the answer is not one JSON value"},
		"ARawLineBreak":   {answer(ok, ok, ok, "\"a\nb\""), "the answer is not one JSON value"},
		"AnOpenFence":     {"```json\n" + good, "the answer is not one JSON value"},
		"AFenceAlone":     {"```", "the answer is not one JSON value"},
		"TwoFences":       {"```\n" + good + "\n```\n```\n" + good + "\n```", "the answer is not one JSON value"},
		"AFenceInAFence":  {"```\n```json\n" + good + "\n```\n```", "the answer is not one JSON value"},
		"ProseAfterFence": {"```\n" + good + "\n``` done", "the answer is not one JSON value"},
		"AnotherLanguage": {"```yaml\n" + good + "\n```", "the answer is not one JSON value"},
		"AByteOrderMark":  {"\ufeff" + good, "the answer is not one JSON value"},
		"BrokenUTF8":      {answer(ok, ok, ok, "\"\xff\""), "the answer is not valid UTF-8"},
		"AList":           {"[" + good + "]", "the answer is not a JSON object"},
		"AText":           {`"profile"`, "the answer is not a JSON object"},
		"Null":            {"null", "the answer is not a JSON object"},
		"Nothing":         {"{}", "the answer lacks the field industries"},
		"AFieldLess": {
			`{"industries":["a"],"buyerRoles":["a"],"valueProposition":"v"}`,
			"the answer lacks the field painPoints",
		},
		"NoValue": {
			`{"industries":["a"],"buyerRoles":["a"],"painPoints":["a"]}`,
			"the answer lacks the field valueProposition",
		},
		"AFieldMore": {
			strings.Replace(good, "{", `{"note":"x",`, 1),
			`the answer has the unknown field "note"`,
		},
		"ALongFieldMore": {
			`{"` + strings.Repeat("x", 900) + `":1}`,
			`the answer has the unknown field "` + strings.Repeat("x", 40) + `"`,
		},
		"AFieldOtherwise": {
			strings.Replace(good, "industries", "Industries", 1),
			`the answer has the unknown field "Industries"`,
		},
		"AFieldTwice": {
			strings.Replace(good, "{", `{"industries":["b"],`, 1),
			"the answer has the field industries twice",
		},
		"NotAList":         {answer(`"a"`, ok, ok, `"v"`), "industries is not a list"},
		"AnObjectForAList": {answer(ok, `{"0":"a"}`, ok, `"v"`), "buyerRoles is not a list"},
		"NullForAList":     {answer("null", ok, ok, `"v"`), "industries has 0 items, want 1 to 20"},
		"NoItems":          {answer(ok, ok, "[]", `"v"`), "painPoints has 0 items, want 1 to 20"},
		"TooManyItems":     {answer(items(21, "a"), ok, ok, `"v"`), "industries has 21 items, want 1 to 20"},
		"ANumberAsItem":    {answer(ok, `["a",7]`, ok, `"v"`), "buyerRoles[1] is not a text"},
		"NullAsItem":       {answer(ok, `[null]`, ok, `"v"`), "buyerRoles[0] is not a text"},
		"AListAsItem":      {answer(ok, `[["a"]]`, ok, `"v"`), "buyerRoles[0] is not a text"},
		"AnEmptyItem":      {answer(ok, `["a",""]`, ok, `"v"`), "buyerRoles[1] is empty"},
		"ABlankItem":       {answer(ok, `[" \n\t\u00a0"]`, ok, `"v"`), "buyerRoles[0] is empty"},
		"AnInvisibleItem":  {answer(ok, `["\u200b"]`, ok, `"v"`), "buyerRoles[0] is empty"},
		"ALongItem": {
			answer(items(1, long), ok, ok, `"v"`),
			"industries[0] has more than 200 characters",
		},
		"NULInAnItem": {answer(`["a\u0000b"]`, ok, ok, `"v"`), "industries[0] contains control characters"},
		"NoText":      {answer(ok, ok, ok, `["v"]`), "valueProposition is not a text"},
		"NullAsText":  {answer(ok, ok, ok, "null"), "valueProposition is not a text"},
		"AnEmptyText": {answer(ok, ok, ok, `" "`), "valueProposition is empty"},
		"ALongText": {
			answer(ok, ok, ok, `"`+strings.Repeat("x", 2001)+`"`),
			"valueProposition has more than 2000 characters",
		},
		"AnEscapeInTheText": {answer(ok, ok, ok, `"\u001b[2J"`), "valueProposition contains control characters"},
		"Deep":              {strings.Repeat("[", 100_000), "the answer is not one JSON value"},
		"Huge":              {strings.Repeat(" ", 256<<10) + good, "the answer has 262225 bytes, more than 262144"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := workflow.ParseICP(c.text)
			if err == nil || err.Error() != c.want {
				t.Errorf("error: got %v, want %s", err, c.want)
			}
			if diff := cmp.Diff(workflow.ICP{}, got); diff != "" {
				t.Errorf("profile beside an error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestICP_SurvivesJSON(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[^\pZ\pC]{1,50}( [^\pZ\pC]{1,50})?`)
	list := rapid.SliceOfN(text, 1, 20)
	rapid.Check(t, func(t *rapid.T) {
		want := workflow.ICP{
			Industries:       list.Draw(t, "industries"),
			BuyerRoles:       list.Draw(t, "roles"),
			PainPoints:       list.Draw(t, "points"),
			ValueProposition: text.Draw(t, "value"),
		}
		written, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := workflow.ParseICP(string(written))
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("profile (-want +got):\n%s", diff)
		}
	})
}

func FuzzParseICP(f *testing.F) {
	f.Add(answer(`["a"]`, `["a"]`, `["a"]`, `"v"`))
	f.Add("```json\n{}\n```")
	f.Fuzz(func(t *testing.T, text string) {
		profile, err := workflow.ParseICP(text)
		if err != nil {
			return
		}
		for _, list := range [][]string{profile.Industries, profile.BuyerRoles, profile.PainPoints} {
			if len(list) < 1 || len(list) > workflow.MaxICPItems {
				t.Errorf("items: got %d, want 1 to 20", len(list))
			}
		}
	})
}
