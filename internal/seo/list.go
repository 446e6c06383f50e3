package seo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// ListLag is how far the end of a list must lie in the past: the provider refuses a list up to now.
const ListLag = 15 * time.Second

// pageTasks is the most tasks of one page of a list.
const pageTasks = 1000

// Task is one line of the provider's own list of requests.
type Task struct {
	ID, Tag string
	// URL is the address of the request, which names the service.
	URL    string
	Posted time.Time
	// Cost is the final cost; nil when the list has none.
	Cost *cost.Pico
	// IsDone is false for a request that is still worked on. Its cost is not final.
	IsDone bool
	// IsFailed is true for a request without a result.
	IsFailed bool
}

// ListInput selects a part of a list: the requests to a service that were posted from From until To. Offset skips the
// earlier ones.
type ListInput struct {
	Service  string // ServiceLabs or ServiceSERP: each list has all requests to its API
	From, To time.Time
	Offset   int
}

// Page is a part of a list, the oldest request first.
type Page struct {
	Tasks []Task
	// IsLast is false when there may be more.
	IsLast bool
	// Unclear is the number of lines whose tag cannot be read. With one, the list is no proof that a request is absent.
	Unclear int
}

// listPaths are the lists of the services.
var listPaths = map[string]string{
	ServiceLabs: "/dataforseo_labs/id_list",
	ServiceSERP: "/serp/id_list",
}

// List reads a part of the provider's list. It is free, may be repeated, and is limited to 10 requests a minute. Every
// error is an *Error with ChargeUnknown, since a failed look-up proves nothing about a request.
func (c *Client) List(ctx context.Context, in ListInput) (Page, error) {
	path, known := listPaths[in.Service]
	if !known {
		return Page{}, &Error{Class: InvalidRequest, Charge: ChargeUnknown, Message: "there is no list of this service"}
	}
	body, err := json.Marshal([]map[string]any{{
		"datetime_from":    stamp(in.From),
		"datetime_to":      stamp(in.To),
		"limit":            pageTasks,
		"offset":           in.Offset,
		"sort":             "asc",
		"include_metadata": true,
	}})
	if err != nil {
		return Page{}, &Error{Class: InvalidRequest, Charge: ChargeUnknown, Message: "the request cannot be written"}
	}
	got, failed := c.post(ctx, path, body)
	if failed != nil {
		failed.Charge = ChargeUnknown
		return Page{}, failed
	}
	e := envelopeOf(got.body)
	switch {
	case e == nil || got.status != http.StatusOK && e.code == codeOK:
		return Page{}, c.unlisted(got, classOfStatus(got.status), "the list cannot be read")
	case e.code != codeOK || e.task == nil:
		return Page{}, c.unlisted(got, classOf(e.code), e.message)
	case !e.task.succeeded():
		return Page{}, c.unlisted(got, classOf(e.task.code), e.task.message)
	}
	page, err := pageOf(e.task)
	if err != nil {
		return Page{}, c.unlisted(got, InvalidOutput, err.Error())
	}
	return page, nil
}

func (c *Client) unlisted(got reply, class Class, message string) *Error {
	return &Error{
		Class:      class,
		Charge:     ChargeUnknown,
		Status:     got.status,
		RetryAfter: retryAfter(got.header),
		Message:    c.clean(message),
	}
}

// stampLayout is how the API writes a time.
const stampLayout = "2006-01-02 15:04:05 -07:00"

func stamp(at time.Time) string { return at.UTC().Format(stampLayout) }

func pageOf(t *taskReply) (Page, error) {
	rows := t.result.list()
	if t.result.there() && rows == nil {
		return Page{}, fmt.Errorf("the list is no list")
	}
	page := Page{IsLast: len(rows) < pageTasks}
	for _, row := range rows {
		members := row.object()
		tag, clear := tagOf(members["metadata"])
		if !clear {
			page.Unclear++
			continue
		}
		posted, err := time.Parse(stampLayout, members["datetime_posted"].text())
		if err != nil && tag != "" {
			page.Unclear++
			continue
		}
		page.Tasks = append(page.Tasks, Task{
			ID:     cost.CleanGenerationID(members["id"].text()),
			Tag:    tag,
			URL:    members["url"].text(),
			Posted: posted.UTC(),
			Cost:   members["cost"].amount(),
			IsDone: members["datetime_done"].text() != "",

			IsFailed: members["status"].text() == "error",
		})
	}
	return page, nil
}

// tagOf returns the tag of a request from its metadata, which are its parameters: an object, a list with one, or the
// text of either. clear is false when they cannot be read.
func tagOf(metadata value) (tag string, clear bool) {
	if text := metadata.text(); strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		metadata = value(text)
	}
	if list := metadata.list(); len(list) > 0 {
		metadata = list[0]
	}
	members := metadata.object()
	return members["tag"].text(), members != nil
}
