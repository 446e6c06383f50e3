package llm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
)

// TestPaid compares the figures of an answer and of its look-up with the amount that the organization pays.
func TestPaid(t *testing.T) {
	t.Parallel()
	const cent = cost.Dollar / 100
	for name, test := range map[string]struct {
		cost, own, upstream string // "" leaves the field out
		want                cost.Pico
		unclear             bool
	}{
		"ProvidersKey": {cost: "0.02", own: "false", want: 2 * cent},
		"ProvidersKeyAndUpstream": {
			cost:     "0.02",
			own:      "false",
			upstream: "0.36",
			want:     2 * cent,
		},
		"ProvidersKeyOddUpstream": {
			cost:     "0.02",
			own:      "false",
			upstream: `"some"`,
			want:     2 * cent,
		},
		"OwnKey": {
			cost:     "0",
			own:      "true",
			upstream: "0.36",
			want:     36 * cent,
		},
		"OwnKeyAndFee": {
			cost:     "0.02",
			own:      "true",
			upstream: "0.36",
			want:     38 * cent,
		},
		"OwnKeyThatIsFree": {
			cost:     "0",
			own:      "true",
			upstream: "0",
			want:     0,
		},
		"OwnKeyWithoutUpstream": {cost: "0", own: "true", unclear: true},
		"OwnKeyNullUpstream": {
			cost:     "0",
			own:      "true",
			upstream: "null",
			unclear:  true,
		},
		"OwnKeyOddUpstream": {
			cost:     "0",
			own:      "true",
			upstream: "{}",
			unclear:  true,
		},
		"OwnKeyNegativeUpstream": {
			cost:     "0",
			own:      "true",
			upstream: "-1",
			unclear:  true,
		},
		"OwnKeyInOtherLetters": {
			cost:     `"0.02"`,
			own:      `"True"`,
			upstream: `"0.36"`,
			want:     38 * cent,
		},
		"UnsaidAndUpstreamHigher": {cost: "0.02", upstream: "0.36", want: 38 * cent},
		"UnsaidAndUpstreamEqual":  {cost: "0.36", upstream: "0.36", want: 36 * cent},
		"UnsaidAndUpstreamLower":  {cost: "0.36", upstream: "0.02", want: 36 * cent},
		"UnsaidAndOddUpstream":    {cost: "0.36", upstream: "[]", unclear: true},
		"AtTheBound":              {cost: "10000", own: "false", want: 10_000 * cost.Dollar},
		"AboveTheBound":           {cost: "10000.000000000001", own: "false", unclear: true},
		"AboveTheBoundTogether": {
			cost:     "6000",
			own:      "true",
			upstream: "6000",
			unclear:  true,
		},
		"BeyondTheBooks": {
			cost:     "9000000",
			own:      "true",
			upstream: "9000000",
			unclear:  true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			figures := fmt.Sprintf(`"is_byok":%s`, orNull(test.own))
			usage := fmt.Sprintf(`data: {"choices":[],"usage":{"prompt_tokens":1,"cost":%s,%s,`+
				`"cost_details":{"upstream_inference_cost":%s}}}`, test.cost, figures, orNull(test.upstream))
			client := newClient(t, llm.Options{BaseURL: serve(t, answering(
				eventStream(), 200, firstEvent+stopEvent+usage+"\n\n"+doneEvent))})
			answer, err := client.Complete(t.Context(), body(t), ignore)
			if err != nil {
				t.Fatalf("Complete: %v", err)
			}
			if answer.Unclear != test.unclear || !test.unclear && *answer.Cost != test.want {
				t.Errorf("got the answer %+v, want %s, unclear: %t", answer, test.want, test.unclear)
			}
			client = newClient(t, llm.Options{BaseURL: serve(t, answering(nil, 200, fmt.Sprintf(
				`{"data":{"id":"gen-1","total_cost":%s,%s,"upstream_inference_cost":%s}}`,
				test.cost, figures, orNull(test.upstream))))})
			found, err := client.Generation(t.Context(), "gen-1")
			if (err != nil) != test.unclear || found.Cost != test.want {
				t.Errorf("got the generation %+v, %v, want %s, unclear: %t", found, err, test.want, test.unclear)
			}
		})
	}
}

func orNull(text string) string {
	if text == "" {
		return "null"
	}
	return text
}

// TestNames shows the cleaning of the names and ids beside an answer.
func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 9000)
	for name, test := range map[string]struct {
		wire    string // as JSON
		want    string // as a name
		wantID  string
		renamed bool
	}{
		"Plain":      {`"a/b"`, "a/b", "a/b", false},
		"NUL":        {`"a\u0000b"`, "a\ufffdb", "", true},
		"Escapes":    {`"\u001b[31m"`, "\ufffd[31m", "", true},
		"Reversed":   {`"a\u202eb"`, "a\ufffdb", "", true},
		"LineBreaks": {`"a\r\n\u2028b"`, "a\ufffd\ufffd\ufffdb", "", true},
		"NotInUTF8":  {"\"a\xffb\"", "a\ufffdb", "", true},
		"Long":       {`"` + long + `"`, strings.Repeat("ü", 199) + "…", "", true},
		"AtTheBound": {`"` + strings.Repeat("n", 200) + `"`, strings.Repeat("n", 200), strings.Repeat("n", 200), false},
		"Number":     {`12345678901234567890`, "12345678901234567890", "12345678901234567890", false},
		"Object":     {`{"a":1}`, "", "", false},
		"Null":       {`null`, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := eventStream()
			header.Del("X-Generation-Id")
			events := `data: {"id":` + test.wire + `,"model":` + test.wire + `,"provider":` + test.wire +
				`,"choices":[{"delta":{"content":"{}"},"finish_reason":"stop"}],"usage":{"cost":1}}` + "\n\n" + doneEvent
			client := newClient(t, llm.Options{BaseURL: serve(t, answering(header, 200, events))})
			announced := ""
			got, err := client.Complete(t.Context(), body(t), func(_ context.Context, id string) error {
				announced = id
				return nil
			})
			want := llm.Answer{
				GenerationID: test.wantID,
				Model:        test.want,
				Provider:     test.want,
				Text:         "{}",
				FinishReason: "stop",
				Cost:         pico(cost.Dollar),
				Renamed:      test.renamed,
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" || announced != test.wantID {
				t.Errorf("%v, announced %q (-want +got):\n%s", err, announced, diff)
			}
		})
	}
}
