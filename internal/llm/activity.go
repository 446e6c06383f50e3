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

// ActivityDays is how many days the provider reports, up to yesterday: days by UTC, and only those that are over.
const ActivityDays = 30

// Activity is what one model has cost on one day, in UTC, over all keys of the account: what the provider has charged,
// and what upstream providers have charged to keys of the account's own.
type Activity struct {
	Day      cost.Day
	Model    string
	Requests int64
	Cost     cost.Pico
}

// Activity returns the provider's own figures of the last days, those of one model and day added up over the endpoints
// that served it. It needs a management key: one that makes requests is refused with Auth. It charges nothing. Its
// errors are an *Error.
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
	x.heard()
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
			Class: InvalidOutput, Charge: ChargeUnknown, Status: http.StatusOK,
			Message: "the activity cannot be read: " + c.clean(err.Error()), cause: err,
		}
	}
	return activities, nil
}

// readActivity adds up what belongs to one day and model. Figures that cannot be read are no figures at all: a sum
// without them would look like a difference.
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

// activityOf reads one row. What the organization pays is what the provider has charged and, for calls with a key of
// the organization's own at an upstream provider, what that one has: the figure that is booked for each call.
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
	return Activity{Day: cost.NewDay(day), Model: model, Requests: requests, Cost: sum}, err
}
