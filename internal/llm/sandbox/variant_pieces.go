package sandbox

import (
	"math/rand/v2"
	"strings"
)

// The pieces that variants are made of: events of a stream, each with its blank line.

const (
	done    = "data: [DONE]\n\n"
	comment = ": OPENROUTER PROCESSING\n\n"
	// common are the fields that every event has.
	common  = `"id":"<id>","provider":"<provider>","model":"<model>","object":"chat.completion.chunk"`
	tokens3 = `"prompt_tokens":<prompt>,"completion_tokens":<completion>,` +
		`"server_tool_use":{"web_search_requests":<searches>}`
)

// event is an event with these fields.
func event(fields ...string) string { return "data: {" + strings.Join(fields, ",") + "}\n\n" }

// words is an event with a part of the text and more fields.
func words(part string, more ...string) string {
	choices := `"choices":[{"index":0,"delta":{"role":"assistant","content":"` + part + `"},"finish_reason":null}]`
	return event(append([]string{common, choices}, more...)...)
}

// stop is the event with the finish reason.
func stop(more ...string) string { return finish(`"stop"`, more...) }

func finish(reason string, more ...string) string {
	choices := `"choices":[{"index":0,"delta":{"content":""},"finish_reason":` + reason + `}]`
	return event(append([]string{common, choices}, more...)...)
}

// usage is the field of that name with the usual tokens and these figures.
func usage(figures ...string) string {
	return `"usage":{` + strings.Join(append([]string{tokens3}, figures...), ",") + `}`
}

// bill is the event without choices that ends a stream before "[DONE]".
func bill(fields ...string) string {
	return event(append([]string{common, `"choices":[]`}, fields...)...)
}

// The parts of a usual stream.
var (
	text      = words("<first>") + words("<rest>")
	final     = usage(`"cost":<cost>`, `"is_byok":false`)
	interim   = usage(`"cost":<interim>`)
	uncosted  = usage()
	beginning = comment + text + stop()
	failure   = event(common, `"error":{"code":502,"message":"upstream"}`)
	wholeBody = `{` + common + `,"choices":[{"index":0,"message":{"role":"assistant","content":"<first><rest>"},` +
		`"finish_reason":"stop"}],` + final + `}`
	noHeaderID = map[string]string{"X-Generation-Id": ""}
	asJSON     = map[string]string{"Content-Type": "application/json"}
)

// noise returns so many letters that cannot be compressed, always the same.
func noise(n int) string {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // Repeatable on purpose.
	letters := make([]byte, n)
	for i := range letters {
		letters[i] = 'a' + byte(random.IntN(26))
	}
	return string(letters)
}
