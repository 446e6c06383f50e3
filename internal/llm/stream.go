package llm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	"github.com/infin8content/engine/internal/cost"
)

// errNoDone is the end of a stream without "[DONE]".
var errNoDone = fmt.Errorf("the answer ended without [DONE]: %w", io.ErrUnexpectedEOF)

// reading assembles an answer from its events.
type reading struct {
	*exchange
	header    http.Header
	started   func(ctx context.Context, generationID string) error
	announced bool
	// framed means that HTTP marks the end of the body, so that an end without "[DONE]" is no cut.
	framed bool
	answer Answer
	text   strings.Builder
	// damaged means that a part of the answer could not be read.
	damaged bool
	// last is the last usage object. final means that it came with or after the finish reason and that no text followed.
	// costed means that any usage object had a cost.
	last   *figures
	final  bool
	costed bool
}

// announce calls started with the generation id, once. The timer for silence stops meanwhile.
func (r *reading) announce() error {
	if r.announced || r.answer.GenerationID == "" || r.started == nil {
		return nil
	}
	r.announced = true
	r.watch.Stop()
	err := r.started(r.caller, r.answer.GenerationID)
	r.restartSilence()
	if err == nil {
		return nil
	}
	failure := r.failed(err, r.soFar())
	if r.caller.Err() == nil {
		failure.Class = Cancelled
		failure.Message = "ended by the caller: " + r.client.clean(err.Error())
	}
	return failure
}

// read reads a body: a stream of events, or one JSON object from a gateway that does not stream. The first byte
// decides, because some gateways send a Content-Type that does not match.
func (r *reading) read(body io.Reader) (Answer, error) {
	from := bufio.NewReader(&limitedReader{from: body, left: r.client.maxBytes})
	opening, err := skipBlank(from)
	switch {
	case errors.Is(err, io.EOF):
		return r.interrupted(errNoDone)
	case err != nil:
		return r.interrupted(err)
	case opening == '{':
		return r.whole(from)
	case opening == '<':
		return Answer{}, r.unreadable("the answer is neither a stream nor JSON", nil)
	}
	return r.stream(from)
}

// stream reads server-sent events up to "[DONE]".
func (r *reading) stream(body io.Reader) (Answer, error) {
	all := newEvents(body, r.client.maxLine, r.restartSilence)
	for {
		e, whole, ok := all.read()
		if !ok {
			break
		}
		done, err := r.dispatch(e, whole)
		if err != nil {
			return Answer{}, err
		}
		if done {
			return r.conclude(true)
		}
	}
	if err := all.lines.Err(); err != nil {
		return r.interrupted(err)
	}
	return r.interrupted(errNoDone)
}

// dispatch takes one event, and reports whether it was the last.
func (r *reading) dispatch(e event, whole bool) (done bool, err error) {
	data := bytes.TrimSpace(e.data)
	if string(data) == "[DONE]" {
		return true, nil
	}
	if !whole { // A cut event may look complete and show another figure.
		r.final = false
		return false, nil
	}
	f, is := objectOf(data)
	if e.kind == "error" {
		return false, r.report(f, errorOfFields(f))
	}
	if is {
		return false, r.take(f)
	}
	if data[0] == '{' || data[0] == '[' { // It may have been text, or the final figures.
		r.damaged, r.final = true, false
	}
	return false, nil
}

// take adds one event to the answer.
func (r *reading) take(f fields) error {
	if reported := errorOf(f["error"]); reported != nil {
		return r.report(f, reported)
	}
	r.name(f)
	choice := f.first("choices")
	if reason := finishReasonOf(choice); reason != "" {
		r.answer.FinishReason = reason
	}
	if reported := errorOf(choice["error"]); reported != nil {
		return r.report(f, reported)
	}
	if r.answer.FinishReason == "error" {
		return r.report(f, &wireError{message: "the provider ended the answer with an error"})
	}
	r.write(choice)
	if present(f["usage"]) {
		read := figuresOf(f["usage"])
		r.last, r.final = &read, r.answer.FinishReason != ""
		r.costed = r.costed || read.cost != nil || read.unclear
	}
	return r.identify(f)
}

// name takes the names of an event.
func (r *reading) name(f fields) {
	for field, into := range map[string]*string{"model": &r.answer.Model, "provider": &r.answer.Provider} {
		text := f.text(field)
		if text == "" {
			continue
		}
		*into = cost.CleanName(text)
		r.answer.Renamed = r.answer.Renamed || *into != text || strings.ContainsRune(text, unicode.ReplacementChar)
	}
}

// write takes the text of a choice. A message beside a delta repeats the text of all deltas.
func (r *reading) write(choice fields) {
	message, odd := choice.object("delta")
	if !present(choice["delta"]) {
		message, odd = choice.object("message")
	}
	text, unreadable := textOf(message["content"])
	if odd || unreadable {
		r.damaged = true
	}
	if text != "" || odd || unreadable {
		r.final = false
	}
	r.text.WriteString(text)
}

// identify takes the id of an event. An id from the headers or from an earlier event takes precedence.
func (r *reading) identify(f fields) error {
	if r.answer.GenerationID == "" {
		text := f.text("id")
		r.answer.GenerationID = cost.CleanGenerationID(text)
		r.answer.Renamed = r.answer.Renamed || r.answer.GenerationID != text
	}
	return r.announce()
}

// report ends the answer with an error of the provider. The model had started, so neither the error nor the figures
// around it prove the cost.
func (r *reading) report(f fields, w *wireError) error {
	if err := r.identify(f); err != nil {
		return err
	}
	failure := r.unusable(classOf(w.status()), "within the answer: "+r.client.clean(w.message), nil)
	failure.RetryAfter = r.client.retryAfter(r.header)
	return failure
}

// whole reads a body that is one JSON object: an error under HTTP 200, or the answer of a gateway that does not stream.
func (r *reading) whole(body io.Reader) (Answer, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return Answer{}, r.broken(err)
	}
	first, rest := firstValue(raw)
	f, is := objectOf(first)
	if !is {
		return Answer{}, r.unreadable("the answer is neither a stream nor JSON", nil)
	}
	if err := r.take(f); err != nil {
		return Answer{}, err
	}
	if len(rest) > 0 { // It may have been another figure.
		r.final = false
	}
	return r.conclude(true)
}

// interrupted ends a body without "[DONE]". After the finish reason and a usage object the text is complete. The
// figures are final only when HTTP marks the end of the body.
func (r *reading) interrupted(err error) (Answer, error) {
	switch {
	case r.damaged && errors.Is(err, errNoDone):
		return Answer{}, r.unreadable("a part of the answer cannot be read", nil)
	case r.answer.FinishReason == "" || !r.final || r.caller.Err() != nil:
		return Answer{}, r.broken(err)
	}
	return r.conclude(r.framed && errors.Is(err, errNoDone))
}

// conclude checks the form of an answer that has ended. complete means that no part of it is missing.
func (r *reading) conclude(complete bool) (Answer, error) {
	r.settle(complete && r.answer.FinishReason != "")
	switch {
	case r.answer.FinishReason == "content_filter":
		return Answer{}, r.unusable(ContentFiltered, "the provider filtered the answer", nil)
	case r.answer.FinishReason == "":
		return Answer{}, r.unusable(ProviderUnavailable, "the answer ended without a finish reason", nil)
	case r.damaged:
		return Answer{}, r.unreadable("a part of the answer cannot be read", nil)
	case strings.TrimSpace(r.text.String()) == "":
		return Answer{}, r.unusable(InvalidOutput, "the answer has no text", nil)
	}
	return r.soFar(), nil
}

// settle takes the figures when they are final, by the rule of docs/decisions/0037.
func (r *reading) settle(complete bool) {
	switch {
	case r.last == nil:
	case !complete || !r.final:
		r.answer.Unclear = true
	default:
		r.answer.Usage, r.answer.Cost = r.last.usage, r.last.cost
		// The price table is for providers that report no cost at all.
		r.answer.Unclear = r.last.cost == nil && r.costed
	}
}

// broken returns the error of an answer that could not be read to its end.
func (r *reading) broken(err error) *Error {
	if errors.Is(err, errTooLarge) || errors.Is(err, bufio.ErrTooLong) {
		return r.unusable(InvalidOutput, errTooLarge.Error(), err)
	}
	return r.failed(fmt.Errorf("read the answer: %w", err), r.soFar())
}

func (r *reading) unreadable(what string, cause error) *Error {
	return r.unusable(InvalidOutput, what, cause)
}

func (r *reading) unusable(class Class, message string, cause error) *Error {
	answer := r.soFar()
	return &Error{
		Class:   class,
		Charge:  r.charge(answer),
		Status:  r.status,
		Answer:  answer,
		Message: message,
		cause:   cause,
	}
}

// soFar returns the answer up to now.
func (r *reading) soFar() Answer {
	a := r.answer
	a.Text = r.text.String()
	return a
}
