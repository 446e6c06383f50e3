package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/llm"
)

type activity struct {
	Date             string `json:"date"`
	Model            string `json:"model"`
	ModelPermaslug   string `json:"model_permaslug"`
	EndpointID       string `json:"endpoint_id"`
	ProviderName     string `json:"provider_name"`
	Usage            any    `json:"usage"`
	BYOKUsage        any    `json:"byok_usage_inference"`
	Requests         int64  `json:"requests"`
	PromptTokens     int64  `json:"prompt_tokens"`
	CompletionTokens int64  `json:"completion_tokens"`
	ReasoningTokens  int64  `json:"reasoning_tokens"`
	day              cost.Day
	cost, upstream   cost.Pico
}

// activity answers GET /activity, or ?date=2026-03-01 for one day: the charges of each model on each of the last
// finished UTC days, the last day first. It accepts any key, not only management keys.
func (s *Sandbox) activity(w http.ResponseWriter, r *http.Request) {
	today := cost.NewDay(s.now().UTC())
	from, to := today-llm.ActivityDays, today
	if date := r.URL.Query().Get("date"); date != "" {
		day, err := cost.ParseDay(nil, date)
		if err != nil || day < from || day >= to {
			refuse(w, http.StatusBadRequest, "Date must be one of the last 30 completed UTC days, as YYYY-MM-DD")
			return
		}
		from, to = day, day+1
	}
	rows := map[activityKey]*activity{}
	for _, c := range s.Charges() {
		if day := cost.NewDay(c.At.UTC()); day >= from && day < to {
			addActivity(rows, day, c)
		}
	}
	list := make([]*activity, 0, len(rows))
	for _, row := range rows {
		row.Usage, row.BYOKUsage = amount(row.cost-row.upstream), amount(row.upstream)
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b *activity) int {
		return cmp.Or(cmp.Compare(b.day, a.day), cmp.Compare(a.Model, b.Model))
	})
	writeJSON(w, http.StatusOK, map[string]any{"data": list})
}

type activityKey struct {
	day   cost.Day
	model string
}

func addActivity(rows map[activityKey]*activity, day cost.Day, c Charge) {
	key := activityKey{day, c.Model}
	row := rows[key]
	if row == nil {
		row = &activity{
			Date:           day.Date().Format(time.DateOnly),
			Model:          c.Model,
			ModelPermaslug: c.Model,
			EndpointID:     Provider + "/" + c.Model,
			ProviderName:   Provider,
			day:            day,
		}
		rows[key] = row
	}
	row.Requests++
	row.PromptTokens += c.Usage.PromptTokens
	row.CompletionTokens += c.Usage.CompletionTokens
	row.upstream += c.Upstream
	row.cost += c.Cost // It cannot overflow: the total includes it.
}
