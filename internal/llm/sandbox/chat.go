package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/infin8content/engine/internal/cost"
)

// Limits of a request.
const (
	maxBodyBytes     = 1 << 20
	maxModels        = 8
	defaultMaxTokens = 4096
)

// content is the text of a message: a string, or the joined texts of its parts.
type content string

// UnmarshalJSON reads both forms of the API.
func (c *content) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*c = content(text)
		return nil
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return errors.New("the content of a message is a string or a list of parts")
	}
	for _, p := range parts {
		*c += content(p.Text)
	}
	return nil
}

type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

type chatRequest struct {
	Model     string    `json:"model"`
	Models    []string  `json:"models"`
	Messages  []message `json:"messages"`
	MaxTokens *int64    `json:"max_tokens"`
	Stream    bool      `json:"stream"`
	Format    struct {
		Schema struct {
			Name string `json:"name"`
		} `json:"json_schema"`
	} `json:"response_format"`
	Provider struct {
		MaxPrice struct {
			Prompt     json.Number `json:"prompt"`
			Completion json.Number `json:"completion"`
			Request    json.Number `json:"request"`
		} `json:"max_price"`
	} `json:"provider"`
}

// wanted returns the models in their order of preference.
func (q chatRequest) wanted() []string {
	var models []string
	for _, m := range append([]string{q.Model}, q.Models...) {
		if m != "" && !slices.Contains(models, m) {
			models = append(models, m)
		}
	}
	return models
}

// refusal is the reason why no model starts.
type refusal struct {
	status  int
	message string
}

// job is one answer in progress.
type job struct {
	id        string
	model     string // the model that answers; it is charged when it has a price
	charged   string // the model whose prices are charged
	created   time.Time
	injection Injection
	prompt    int64
	pieces    []string // the answer, token by token
	finish    string
	search    int64
	stream    bool
}

// variant returns the variant of the answer. The zero Variant is the usual stream.
func (j *job) variant() Variant { return variants()[j.injection.Variant] }

// usage is the usage of the answer after this number of tokens.
func (j *job) usage(produced int) cost.Usage {
	return cost.Usage{PromptTokens: j.prompt, CompletionTokens: int64(produced), WebSearches: j.search}
}

// chat answers POST /chat/completions.
func (s *Sandbox) chat(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "The request is too large")
		return
	}
	request, no := readChat(body)
	if no == nil {
		no = s.missing(request, len(body))
	}
	if no != nil {
		s.refused(w, *no, Injection{})
		return
	}
	injection := s.takeInjection()
	if injection.Kind == InjectionStatus && !started(injection.Status) {
		s.refused(w, refusal{injection.Status, "An injected refusal of the sandbox"}, injection)
		return
	}
	model, no := s.route(request, len(body), injection)
	if no != nil {
		s.refused(w, *no, injection)
		return
	}
	s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	s.work(w, r, s.newJob(request, body, model, injection))
}

// started reports whether a model may have started before this status: after a bad gateway, but not after a refusal.
func started(status int) bool {
	return status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable
}

func (s *Sandbox) refused(w http.ResponseWriter, no refusal, f Injection) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	s.log.Info("sandbox refused", "status", no.status, "message", no.message, "injection", string(f.Kind))
	refuse(w, no.status, no.message)
}

func readChat(body []byte) (chatRequest, *refusal) {
	var q chatRequest
	if err := json.Unmarshal(body, &q); err != nil {
		return q, &refusal{http.StatusBadRequest, "The request is not valid JSON of this API"}
	}
	switch {
	case len(q.wanted()) == 0:
		return q, &refusal{http.StatusBadRequest, "No models provided"}
	case len(q.wanted()) > maxModels:
		return q, &refusal{http.StatusBadRequest, "At most " + strconv.Itoa(maxModels) + " models may be named"}
	case len(q.Messages) == 0:
		return q, &refusal{http.StatusBadRequest, `Input required: specify "messages"`}
	case q.MaxTokens != nil && *q.MaxTokens < 1:
		return q, &refusal{http.StatusBadRequest, "max_tokens must be at least 1"}
	}
	return q, nil
}

// missing refuses a request for a model without a price.
func (s *Sandbox) missing(q chatRequest, bodyBytes int) *refusal {
	for _, model := range q.wanted() {
		if _, known := s.ceilingOf(model, bodyBytes, s.now()); !known {
			return &refusal{http.StatusBadRequest, model + " is not a valid model ID"}
		}
	}
	return nil
}

// route returns the first model that is up and within the request's max_price.
func (s *Sandbox) route(q chatRequest, bodyBytes int, f Injection) (string, *refusal) {
	models := q.wanted()
	if f.Kind == InjectionFirstModelDown {
		models = models[1:]
	}
	for _, model := range models {
		ceiling, known := s.ceilingOf(model, bodyBytes, s.now())
		if known && q.accepts(ceiling) {
			return model, nil
		}
	}
	return "", &refusal{
		http.StatusServiceUnavailable, "There is no available model provider that meets your routing requirements",
	}
}

// accepts compares a model's prices with the request's max_price: USD per million tokens, and per request.
func (q chatRequest) accepts(c cost.Ceiling) bool {
	const million = 1_000_000
	limit := q.Provider.MaxPrice
	perRequest, err := c.Request.Add(c.WebSearch)
	return err == nil && within(c.Prompt, million, limit.Prompt) &&
		within(c.Completion, million, limit.Completion) && within(perRequest, 1, limit.Request)
}

func within(unit cost.Pico, times int64, limit json.Number) bool {
	if limit == "" {
		return true
	}
	price, err := unit.Times(times)
	if err != nil {
		return false
	}
	most, err := cost.ParseBilled(limit.String())
	return err == nil && price <= most
}

func (s *Sandbox) newJob(q chatRequest, body []byte, model string, f Injection) *job {
	now := s.now()
	j := &job{
		id:        "gen-sandbox-" + s.born + "-" + strconv.FormatInt(s.sequence.Add(1), 10),
		model:     model,
		charged:   model,
		created:   now,
		injection: f,
		prompt:    promptTokens(q.Messages, len(body)),
		pieces:    tokens(s.answer(q, f)),
		finish:    "stop",
		stream:    q.Stream,
	}
	if j.variant().NumericID {
		j.id = strconv.FormatInt(now.UnixNano(), 10) + strconv.FormatInt(s.sequence.Load(), 10)
	}
	if f.Kind == InjectionDrift {
		j.model = f.Model
		if _, known := s.ceilingOf(f.Model, len(body), now); known {
			j.charged = f.Model
		}
	}
	if ceiling, _ := s.ceilingOf(j.charged, len(body), now); ceiling.WebSearch > 0 {
		j.search = 1
	}
	most := int64(defaultMaxTokens)
	if q.MaxTokens != nil {
		most = *q.MaxTokens
	}
	if int64(len(j.pieces)) > most {
		j.pieces, j.finish = j.pieces[:most], "length"
	}
	if f.Kind == InjectionContentFilter {
		j.pieces, j.finish = j.pieces[:len(j.pieces)/2], "content_filter"
	}
	return j
}

// book charges for this number of tokens and enters the charge. It is called once for each answer, before the client
// sees the end of the answer.
func (s *Sandbox) book(j *job, produced int, finish string, cancelled bool) Charge {
	c := Charge{
		Model:        j.model,
		Usage:        j.usage(produced),
		FinishReason: finish,
		Cancelled:    cancelled,
		At:           s.now(),
	}
	amount, err := cost.ListCost(s.prices, j.charged, c.Usage, j.created)
	if err == nil && j.injection.Kind == InjectionOvercharge {
		amount, err = amount.Times(j.injection.Factor)
	}
	if err != nil {
		panic("sandbox: an accepted request has no price: " + err.Error())
	}
	c.Cost = amount
	v := j.variant()
	if v.Name != "" && v.Books != BooksList {
		c.Cost += amount / 8 // A figure that the price table does not give.
	}
	if c.Upstream = v.Upstream(c.Cost); j.injection.Kind == InjectionOwnKey {
		c.Upstream = c.Cost
	}
	if v.generation != "" {
		c.lookup = v.Generation(j.scene(c))
	}
	s.enter(j, c)
	return c
}

// scene returns the values for a variant.
func (j *job) scene(c Charge) Scene {
	return Scene{
		ID:       j.id,
		Model:    j.model,
		Text:     j.text(),
		Usage:    c.Usage,
		Cost:     c.Cost,
		Upstream: c.Upstream,
	}
}

func (s *Sandbox) enter(j *job, c Charge) {
	s.books.enter(j.id, c)
	s.log.Info("sandbox answered",
		"generation", j.id, "model", c.Model, "prompt_tokens", c.Usage.PromptTokens,
		"completion_tokens", c.Usage.CompletionTokens, "web_searches", c.Usage.WebSearches, "usd", c.Cost.String(),
		"finish", c.FinishReason, "cancelled", c.Cancelled, "injection", string(j.injection.Kind))
}

// text returns the whole answer.
func (j *job) text() string { return strings.Join(j.pieces, "") }
