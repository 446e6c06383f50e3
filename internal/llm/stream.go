package llm

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// afterError is how long the stream may go on after an error came with it: the usage may follow, or nothing ever.
const afterError = 5 * time.Second

// reading puts an answer together from its events.
type reading struct {
	*exchange
	header    http.Header
	started   func(ctx context.Context, generationID string) error
	announced bool
	answer    Answer
	text      strings.Builder
	// failure is an error that the provider reported within the stream.
	failure *Error
}

// announce tells the caller the generation id, once. The silence does not count while the caller works on it.
func (r *reading) announce() error {
	if r.announced || r.answer.GenerationID == "" || r.started == nil {
		return nil
	}
	r.announced = true
	r.watch.Stop()
	err := r.started(r.caller, r.answer.GenerationID)
	r.heard()
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

// stream reads server-sent events: the data lines of one event up to a blank line, comments in between to keep the
// connection alive, "[DONE]" at the end.
func (r *reading) stream(body io.Reader) (Answer, error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, min(r.client.maxLine, 16<<10)), r.client.maxLine)
	var event []byte
	for lines.Scan() {
		r.heard()
		line := lines.Bytes()
		if data, found := bytes.CutPrefix(line, []byte("data:")); found {
			if len(event) > 0 {
				event = append(event, '\n')
			}
			event = append(event, bytes.TrimPrefix(data, []byte(" "))...)
			continue
		}
		if len(line) > 0 || len(event) == 0 {
			continue // A comment, another field, or a blank line after one.
		}
		done, err := r.dispatch(event)
		if err != nil {
			return Answer{}, err
		}
		if done {
			return r.conclude()
		}
		event = event[:0]
	}
	if err := lines.Err(); err != nil {
		return r.interrupted(err)
	}
	if len(event) > 0 {
		// The blank line after the last event is missing. Half an event cannot be read, and is what a cut looks like.
		if done, err := r.dispatch(event); done && err == nil {
			return r.conclude()
		}
	}
	return r.interrupted(io.ErrUnexpectedEOF)
}

// dispatch takes one event, and reports whether it was the last.
func (r *reading) dispatch(event []byte) (done bool, err error) {
	event = bytes.TrimSpace(event)
	if len(event) == 0 {
		return false, nil
	}
	if string(event) == "[DONE]" {
		return true, nil
	}
	var c chunk
	if err := json.Unmarshal(event, &c); err != nil {
		return false, r.unreadable("an event of the stream is not JSON", err)
	}
	return false, r.take(c)
}

// take adds one event to the answer.
func (r *reading) take(c chunk) error {
	if c.Model != "" {
		r.answer.Model = c.Model
	}
	if c.Provider != "" {
		r.answer.Provider = c.Provider
	}
	if c.Usage != nil {
		r.answer.Usage = c.Usage.usage()
		amount, reported, err := billed(c.Usage.Cost)
		if err == nil && reported {
			r.answer.Cost = &amount
		}
		r.answer.CostUnreadable = err != nil
	}
	reported := c.Error
	for _, choice := range c.Choices[:min(1, len(c.Choices))] {
		r.text.WriteString(choice.Delta.Content)
		r.text.WriteString(choice.Message.Content)
		if choice.FinishReason != "" {
			r.answer.FinishReason = choice.FinishReason
		}
		if reported == nil {
			reported = choice.Error
		}
	}
	if reported == nil && r.answer.FinishReason == "error" {
		reported = &wireError{Message: "the provider ended the answer with an error"}
	}
	if reported != nil && r.failure == nil {
		r.report(reported)
	}
	if r.answer.GenerationID == "" {
		r.answer.GenerationID = c.ID
		return r.announce()
	}
	return nil
}

// report keeps an error that came within the answer. The model had started, so it proves nothing about the money.
func (r *reading) report(w *wireError) {
	r.failure = &Error{
		Class:      classOf(w.status()),
		Status:     r.status,
		RetryAfter: r.client.retryAfter(r.header),
		Message:    "within the answer: " + r.client.clean(w.Message),
	}
	r.limit = min(r.limit, afterError)
	r.heard()
}

// interrupted ends a stream that had no "[DONE]". When the model had finished and the cost had come, nothing is
// missing.
func (r *reading) interrupted(err error) (Answer, error) {
	if r.failure != nil || (r.complete() && r.caller.Err() == nil) {
		return r.conclude()
	}
	return Answer{}, r.broken(err)
}

func (r *reading) complete() bool { return r.answer.FinishReason != "" && r.answer.Cost != nil }

// conclude judges the form of an answer whose stream has ended.
func (r *reading) conclude() (Answer, error) {
	answer := r.soFar()
	failure := r.failure
	switch {
	case failure != nil:
		failure.Answer = answer
		failure.Charge = r.charge(answer)
		return Answer{}, failure
	case answer.FinishReason == "content_filter":
		return Answer{}, r.unusable(ContentFiltered, "the provider filtered the answer", nil)
	case answer.FinishReason == "":
		return Answer{}, r.unusable(ProviderUnavailable, "the answer ended without a finish reason", nil)
	case strings.TrimSpace(answer.Text) == "":
		return Answer{}, r.unusable(InvalidOutput, "the answer has no text", nil)
	}
	return answer, nil
}

// broken makes the error of an answer that could not be read to its end.
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
		Class: class, Charge: r.charge(answer), Status: r.status, Answer: answer, Message: message, cause: cause,
	}
}

// soFar is the answer as far as it has come.
func (r *reading) soFar() Answer {
	a := r.answer
	a.Text = r.text.String()
	return a
}
