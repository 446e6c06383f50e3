package llm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// ActivityDays is how many days the provider reports, up to yesterday: days by UTC, and only those that are over.
const ActivityDays = 30

// Activity is what the provider has charged for one model on one day, in UTC, to all keys of the account.
type Activity struct {
	Day      cost.Day
	Model    string
	Requests int64
	Cost     cost.Pico
}

type wireActivity struct {
	Date     string          `json:"date"`
	Model    string          `json:"model"`
	Usage    json.RawMessage `json:"usage"`
	Requests *int64          `json:"requests"`
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
	body, err := io.ReadAll(&limitedReader{from: response.Body, left: c.maxBytes})
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
	var wire struct {
		Data []wireActivity `json:"data"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, err
	}
	if wire.Data == nil {
		return nil, errors.New("there is no list")
	}
	var activities []Activity
	place := map[Activity]int{}
	for _, w := range wire.Data {
		// Some gateways write a time after the date.
		date, err := time.Parse(time.DateOnly, w.Date[:min(len(w.Date), len(time.DateOnly))])
		if err != nil || w.Model == "" {
			return nil, errors.New("a row has no date or no model")
		}
		amount, reported, err := billed(w.Usage)
		if err != nil || !reported || w.Requests == nil || *w.Requests < 0 {
			return nil, errors.New("the figures of " + w.Model + " on " + w.Date + " are none")
		}
		key := Activity{Day: cost.NewDay(date), Model: w.Model}
		i, seen := place[key]
		if !seen {
			i, place[key] = len(activities), len(activities)
			activities = append(activities, key)
		}
		activities[i].Requests += *w.Requests
		if activities[i].Cost, err = activities[i].Cost.Add(amount); err != nil {
			return nil, err
		}
	}
	return activities, nil
}
