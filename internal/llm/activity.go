package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// ActivityDays is the number of days in a report: whole UTC days, up to yesterday.
const ActivityDays = 30

// Activity is the cost of one model on one UTC day, over all keys of the account: the provider's charges, and the
// charges of upstream providers to keys of the account's own.
type Activity struct {
	Day      cost.Day
	Model    string
	Requests int64
	Cost     cost.Pico
}

// Activity returns the provider's figures of the last days, one for each model and day. It needs a management key; any
// other key is refused with Auth. It is free. Every error is an *Error.
func (c *Client) Activity(ctx context.Context) ([]Activity, error) {
	x := c.exchange(ctx)
	defer x.end()
	request, err := c.request(x.ctx, http.MethodGet, "/activity", nil)
	if err != nil {
		return nil, lookup(x.failed(err, Answer{}))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, lookup(x.failed(err, Answer{}))
	}
	defer func() { _ = response.Body.Close() }()
	x.restartSilence()
	x.status = response.StatusCode
	if response.StatusCode != http.StatusOK {
		return nil, lookup(x.refused(response))
	}
	body, err := io.ReadAll(&limitedReader{from: unpacked(response), left: c.maxBytes})
	if err != nil {
		return nil, lookup(x.failed(err, Answer{}))
	}
	activities, err := readActivity(body)
	if err != nil {
		return nil, &Error{
			Class:   InvalidOutput,
			Charge:  ChargeUnknown,
			Status:  http.StatusOK,
			Message: "the activity cannot be read: " + c.clean(err.Error()),
			cause:   err,
		}
	}
	return activities, nil
}

// readActivity adds up the rows of each day and model. One unreadable row is an error: a sum without it would look
// like a difference.
func readActivity(body []byte) ([]Activity, error) {
	var rows []json.RawMessage
	if wire, is := objectOf(body); !is || json.Unmarshal(wire["data"], &rows) != nil || rows == nil {
		return nil, errors.New("there is no list")
	}
	var activities []Activity
	place := map[Activity]int{}
	for _, raw := range rows {
		row, err := activityOf(raw)
		if err != nil {
			return nil, err
		}
		key := Activity{Day: row.Day, Model: row.Model}
		i, seen := place[key]
		if !seen {
			i, place[key] = len(activities), len(activities)
			activities = append(activities, key)
		}
		activities[i].Requests += row.Requests
		if activities[i].Cost, err = activities[i].Cost.Add(row.Cost); err != nil {
			return nil, err
		}
	}
	return activities, nil
}

// activityOf reads one row. Its cost is the sum of usage and byok_usage_inference, as paid adds them for each call.
func activityOf(raw json.RawMessage) (Activity, error) {
	row, is := objectOf(raw)
	if !is {
		return Activity{}, errors.New("a row is no object")
	}
	date, model := row.text("date"), cost.CleanName(row.text("model"))
	// Some gateways write a time after the date.
	day, err := time.Parse(time.DateOnly, date[:min(len(date), len(time.DateOnly))])
	if err != nil || model == "" {
		return Activity{}, errors.New("a row has no date or no model")
	}
	charged, said, err := row.amount("usage")
	upstream, _, odd := row.amount("byok_usage_inference")
	requests, unreadable := row.count("requests")
	if err != nil || odd != nil || !said || unreadable || !present(row["requests"]) {
		return Activity{}, fmt.Errorf("the figures of %s on %.20q are none", model, date)
	}
	sum, err := charged.Add(upstream)
	return Activity{
		Day:      cost.NewDay(day),
		Model:    model,
		Requests: requests,
		Cost:     sum,
	}, err
}
