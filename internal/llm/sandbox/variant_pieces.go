package sandbox

import (
	"maps"
	"math/rand/v2"
	"strings"
)

// The pieces of variants: events of a stream, each with its blank line.

const (
	done    = "data: [DONE]\n\n"
	comment = ": OPENROUTER PROCESSING\n\n"
	// common are the fields of every event.
	common = `"id":"<id>","provider":"<provider>","model":"<model>","object":"chat.completion.chunk"`
	counts = `"prompt_tokens":<prompt>,"completion_tokens":<completion>,` +
		`"server_tool_use":{"web_search_requests":<searches>}`
)

// event returns an event with these fields.
func event(fields ...string) string { return "data: {" + strings.Join(fields, ",") + "}\n\n" }

// words returns an event with a part of the text and more fields.
func words(part string, more ...string) string {
	choices := `"choices":[{"index":0,"delta":{"role":"assistant","content":"` + part + `"},"finish_reason":null}]`
	return event(append([]string{common, choices}, more...)...)
}

// stop returns the event with the finish reason.
func stop(more ...string) string { return finish(`"stop"`, more...) }

func finish(reason string, more ...string) string {
	choices := `"choices":[{"index":0,"delta":{"content":""},"finish_reason":` + reason + `}]`
	return event(append([]string{common, choices}, more...)...)
}

// usage returns the field usage with the usual tokens and these figures.
func usage(figures ...string) string {
	return `"usage":{` + strings.Join(append([]string{counts}, figures...), ",") + `}`
}

// bill returns the event without choices before "[DONE]".
func bill(fields ...string) string {
	return event(append([]string{common, `"choices":[]`}, fields...)...)
}

// usual returns a whole stream with these fields in its last event.
func usual(fields ...string) string { return beginning + bill(fields...) + done }

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
	rest       = stop() + bill(final) + done
	noHeaderID = map[string]string{"X-Generation-Id": ""}
	asJSON     = map[string]string{"Content-Type": "application/json"}
	asText     = map[string]string{"Content-Type": "text/plain"}
	asPage     = map[string]string{"Content-Type": "text/html"}
	untyped    = map[string]string{"Content-Type": ""}
)

// noise returns n letters that cannot be compressed, always the same.
func noise(n int) string {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // Repeatable on purpose.
	letters := make([]byte, n)
	for i := range letters {
		letters[i] = 'a' + byte(random.IntN(26))
	}
	return string(letters)
}

// The constructors of variants, by booking.

func figure(name, body string) Variant  { return Variant{Name: name, Books: BooksFigure, body: body} }
func list(name, body string) Variant    { return Variant{Name: name, Books: BooksList, body: body} }
func lookUp(name, body string) Variant  { return Variant{Name: name, Books: BooksLookup, body: body} }
func hold(name, body string) Variant    { return Variant{Name: name, Books: BooksHold, body: body} }
func nothing(name, body string) Variant { return Variant{Name: name, Books: BooksNothing, body: body} }

// The changes to a variant. Each returns a changed copy.

func (v Variant) fails() Variant           { v.Failed = true; return v }
func (v Variant) cut() Variant             { v.end = endsCut; return v }
func (v Variant) closed() Variant          { v.end = endsClosed; return v }
func (v Variant) numbered() Variant        { v.NumericID = true; return v.headed(noHeaderID) }
func (v Variant) slow() Variant            { v.bytewise = true; return v }
func (v Variant) zipped() Variant          { v.gzip = true; return v }
func (v Variant) unbilled() Variant        { v.free = true; return v }
func (v Variant) under(status int) Variant { v.status = status; return v }

// byOwnKey charges the answer to a key of the organization's own at an upstream provider.
func (v Variant) byOwnKey() Variant { v.ownKey = true; return v }

// withFees is byOwnKey with a fee of the provider.
func (v Variant) withFees() Variant { v.ownKey, v.withFee = true, true; return v }

// found cuts the answer and gives its look-up these fields.
func (v Variant) found(fields ...string) Variant {
	v.generation = `{"data":{` + strings.Join(fields, ",") + `}}`
	return v.cut().fails()
}

func (v Variant) headed(headers map[string]string) Variant {
	v.headers = maps.Clone(v.headers)
	if v.headers == nil {
		v.headers = map[string]string{}
	}
	maps.Copy(v.headers, headers)
	return v
}
