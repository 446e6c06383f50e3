package seo

import (
	"context"
	"net/http"
	"strconv"

	"github.com/infin8content/engine/internal/cost"
)

// Answer is the answer to a request.
type Answer struct {
	// TaskID is the provider's id of the task; "" when unknown.
	TaskID string
	// Cost is the final cost; nil when unknown.
	Cost *cost.Pico
	// Items is the number of items that the answer has, whether they can be read or not.
	Items int64
	Found
}

// Found is what an answer contains: what a step keeps.
type Found struct {
	// IsSynthetic is true for the sandbox's answers.
	IsSynthetic bool      `json:"isSynthetic,omitempty"`
	Keywords    []Keyword `json:"keywords,omitempty"`
	Results     []Result  `json:"results,omitempty"`
}

// Send sends a request once and reads its answer. The tag names the request in the provider's list; see Client.List.
//
// Every error is an *Error. The request must not be sent again before an unknown charge is looked up.
func (c *Client) Send(ctx context.Context, r Request, tag string) (Answer, error) {
	body, err := r.body(tag)
	if err != nil {
		return Answer{}, &Error{
			Class:   InvalidRequest,
			Charge:  ChargeNone,
			Message: "the request cannot be written",
			cause:   err,
		}
	}
	got, failed := c.post(ctx, r.path, body)
	if failed != nil {
		return Answer{}, failed
	}
	answer, failed := c.judge(got, r, tag)
	if failed != nil {
		return Answer{}, failed
	}
	return answer, nil
}

// judge says what an answer is worth and what it has cost. The HTTP status is nearly always 200: the truth is in the
// status codes of the envelope and of its task. A good envelope may have a failed task.
func (c *Client) judge(got reply, r Request, tag string) (Answer, *Error) {
	e := envelopeOf(got.body)
	failed := &Error{
		Class:      classOfStatus(got.status),
		Charge:     ChargeUnknown,
		Status:     got.status,
		RetryAfter: retryAfter(got.header),
		Message:    "the provider answered " + strconv.Itoa(got.status) + " with a body that cannot be read",
	}
	if e == nil {
		return Answer{}, failed
	}
	failed.Code, failed.Message = e.code, c.clean(e.message)
	if e.code != codeOK || e.task != nil && !e.task.succeeded() {
		failed.Class = classOf(e.failedCode())
	}
	if got.status != http.StatusOK && !refuses(got.status) {
		return Answer{}, failed // Any server on the way may have set a 5xx, before or after the work.
	}
	if e.task == nil {
		if e.refused() {
			failed.Charge = ChargeNone
		}
		return Answer{}, failed
	}
	failed.Code = e.failedCode()
	if text := c.clean(e.task.message); text != "" {
		failed.Message = text
	}
	amount := e.bill(tag)
	answer := Answer{TaskID: e.task.id, Cost: amount}
	switch {
	case amount == nil:
		failed.Answer = Answer{TaskID: e.task.id}
		failed.Class = undecided(failed.Class, e)
		return Answer{}, failed
	case !e.task.succeeded() && *amount == 0:
		failed.Charge = ChargeNone
		return Answer{}, failed
	}
	items, readable := e.task.items()
	answer.Items = int64(len(items))
	if readable && e.task.succeeded() && e.code == codeOK && got.status == http.StatusOK {
		answer.Found = found(r, items)
		answer.IsSynthetic = e.version == syntheticVersion
		return answer, nil
	}
	failed.Charge, failed.Answer = ChargeKnown, answer
	if e.task.succeeded() {
		failed.Class, failed.Message = InvalidOutput, "the answer has no list of items"
	}
	return Answer{}, failed
}

// undecided returns the class of an answer whose cost is not certain: a good answer without a cost is unusable.
func undecided(class Class, e *envelope) Class {
	if e.code == codeOK && e.task.succeeded() {
		return InvalidOutput
	}
	return class
}

// refuses reports whether the API itself answers with this status when it refuses a request.
func refuses(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// syntheticVersion is the API version of the sandbox.
const syntheticVersion = "sandbox"

// envelope is the frame of every answer.
type envelope struct {
	version string
	code    int
	message string
	cost    *cost.Pico
	// costThere says that the envelope has a cost, readable or not.
	costThere bool
	// tasks is the number of tasks, and task the only one; nil when there is none or more than one.
	tasks int
	task  *taskReply
}

// envelopeOf reads a frame; nil when the body is none.
func envelopeOf(body []byte) *envelope {
	members := value(body).object()
	if members["status_code"].code() == 0 {
		return nil
	}
	e := &envelope{
		version:   members["version"].text(),
		code:      members["status_code"].code(),
		message:   members["status_message"].text(),
		cost:      members["cost"].amount(),
		costThere: members["cost"].there(),
	}
	tasks := members["tasks"].list()
	e.tasks = len(tasks)
	if members["tasks"].there() && tasks == nil {
		e.tasks = -1 // It is there, and it is no list.
	}
	if e.tasks == 1 {
		if one := tasks[0].object(); one != nil {
			e.task = taskOf(one)
		} else {
			e.tasks = -1
		}
	}
	return e
}

// refused reports whether an envelope without a task proves that nothing was charged: a refusal by the API's own code,
// without a task and without a cost. A code from 50000 on may come from a task that was begun.
func (e *envelope) refused() bool {
	free := !e.costThere || e.cost != nil && *e.cost == 0
	return e.tasks == 0 && free && e.code >= 40000 && e.code < 50000
}

// failedCode is the code that says why there is no result.
func (e *envelope) failedCode() int {
	if e.code == codeOK && e.task != nil {
		return e.task.code
	}
	return e.code
}

// bill returns the final cost; nil when it is not certain. It is the cost of the task, if the envelope does not say
// another one and the task is that of the request.
func (e *envelope) bill(tag string) *cost.Pico {
	switch {
	case e.task.cost == nil, e.costThere && e.cost == nil, e.cost != nil && *e.cost != *e.task.cost:
		return nil
	case e.task.tag != "" && e.task.tag != tag:
		return nil
	}
	return e.task.cost
}

// taskReply is one task of an answer.
type taskReply struct {
	id      string
	code    int
	message string
	cost    *cost.Pico
	tag     string
	result  value
}

func taskOf(members map[string]value) *taskReply {
	return &taskReply{
		id:      cost.CleanGenerationID(members["id"].text()),
		code:    members["status_code"].code(),
		message: members["status_message"].text(),
		cost:    members["cost"].amount(),
		tag:     members["data"].object()["tag"].text(),
		result:  members["result"],
	}
}

func (t *taskReply) succeeded() bool { return t.code == codeOK || t.code == codeNoResults }

// items returns the items of the result. A search without results has none. readable is false when there should be a
// list, and there is none.
func (t *taskReply) items() (items []value, readable bool) {
	results := t.result.list()
	if len(results) == 0 {
		return nil, t.code == codeNoResults || !t.result.there() || results != nil
	}
	list := results[0].object()["items"]
	items = list.list()
	return items, items != nil || !list.there()
}
