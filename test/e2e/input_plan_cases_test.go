package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
)

// digest returns the digest of the selection in the review.
func (f fixture) digest() string {
	keywords := slices.Clone(f.review.Keywords)
	for i := range 2 {
		keywords[i].Choice = content.ChoiceSelected
	}
	return fmt.Sprintf("%x", content.SelectionOf(keywords).Digest)
}

// entry returns the id of an entry in the ledger of fresh: 0 opens the account, 1 and 2 hold for the calls, 3 settles.
func (f fixture) entry(sequence int) string { return fmt.Sprintf("led_%s_%d", f.fresh.ID, sequence) }

// article returns the id of the first article of the plan.
func (f fixture) article() string { return "art_" + f.plan.Plan.Items[0].Page.ID.String() }

// loose returns the id of the keyword that fits no topic.
func (f fixture) loose() string { return "tkw_" + f.clustered.Clustering.Unclustered()[0].ID.String() }

// planDigest is that of the plan without a decision.
func (f fixture) planDigest() string { return fmt.Sprintf("%x", f.plan.Plan.Selection().Digest) }

// badPlans returns bad inputs of the mutations about article plans.
func badPlans() (rows []badInput) {
	stale := func(f fixture) any { return wf(f.done) }
	over := func(f fixture) any { return wf(f.over) }
	for _, mutation := range []string{"decideArticlePlans", "rejectArticlePlan", "attachKeyword"} {
		rows = append(rows, bad(mutation, "workflowId", stale, "STALE_STATE"),
			bad(mutation, "workflowId", over, "TERMINAL_STATE"))
	}
	zeros := strings.Repeat("0", 64)
	rows = append(rows,
		bad("approveArticlePlan", "expectedVersion", 0, "STALE_STATE"),
		bad("approveArticlePlan", "digest", zeros, "STALE_STATE"),
		badInput{"approveArticlePlan", "nothing is approved", nil, "NOTHING_APPROVED", "digest"},
		bad("rejectArticlePlan", "resetTo", "ARTICLE", "INVALID_INPUT"),
		bad("rejectArticlePlan", "feedback", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
		bad("rejectArticlePlan", "feedback", "NUL\x00", "INVALID_INPUT"),
		bad("attachKeyword", "topicKeywordId", "tkw_1", "INVALID_INPUT"),
		bad("attachKeyword", "topicKeywordId", "tkw_"+uuid.NewString(), "NOT_FOUND"),
		bad("attachKeyword", "topicKeywordId", func(f fixture) any { return f.other.loose() }, "NOT_FOUND"),
		bad("attachKeyword", "articleId", func(f fixture) any { return f.other.article() }, "NOT_FOUND"),
	)
	for _, digest := range []string{"", "0", zeros[1:], zeros + "0", zeros + "00", "x" + zeros[1:], "\x00"} {
		rows = append(rows, bad("approveArticlePlan", "digest", digest, "INVALID_INPUT"))
	}
	for _, amount := range []any{"", "-1", "1e3", "NaN", "9223372.036854775808", 1, 0.5} {
		rows = append(rows, bad("approveArticlePlan", "maxTotal", amount, "INVALID_INPUT"))
	}
	return append(append(rows, badPlanLists()...), badPlanItems()...)
}

// badPlanLists are lists of articles, or filters, that cannot be decided about.
func badPlanLists() []badInput {
	filter := func(changes map[string]any) map[string]any {
		input := map[string]any{"items": nil, "where": map[string]any{}}
		maps.Copy(input, changes)
		return input
	}
	item := map[string]any{"articleId": "art_" + uuid.NewString(), "choice": "APPROVED"}
	many := make([]any, 101)
	for i := range many {
		many[i] = map[string]any{"articleId": "art_" + uuid.NewString(), "choice": "APPROVED"}
	}
	return []badInput{
		{"decideArticlePlans", "neither", map[string]any{"items": nil}, "INVALID_INPUT", "items"},
		{"decideArticlePlans", "no items", map[string]any{"items": []any{}}, "INVALID_INPUT", "items"},
		{"decideArticlePlans", "items and filter", filter(map[string]any{"items": []any{item}}), "INVALID_INPUT", "items"},
		{"decideArticlePlans", "no items and a filter", filter(map[string]any{
			"items": []any{}, "choice": "APPROVED",
		}), "INVALID_INPUT", "items"},
		{"decideArticlePlans", "a filter without a choice", filter(map[string]any{}), "INVALID_INPUT", "choice"},
		{"decideArticlePlans", "a choice beside items", map[string]any{"choice": "APPROVED"}, "INVALID_INPUT", "choice"},
		{"decideArticlePlans", "a reason beside items", map[string]any{"reason": "Good."}, "INVALID_INPUT", "reason"},
		{"decideArticlePlans", "too many", map[string]any{"items": many}, "INVALID_INPUT", "items"},
		{"decideArticlePlans", "twice", map[string]any{"items": []any{item, item}}, "INVALID_INPUT", "items.1.articleId"},
		{"decideArticlePlans", "unknown", map[string]any{"items": []any{item}}, "NOT_FOUND", "items.0.articleId"},
	}
}

// badPlanItems are decisions about one article, and edits of its brief, that are refused.
func badPlanItems() (rows []badInput) {
	one := func(fields map[string]any) any {
		return func(f fixture) any {
			item := map[string]any{"articleId": f.article()}
			for name, value := range fields {
				item[name] = value
			}
			return []any{item}
		}
	}
	for _, c := range []struct {
		field  string
		fields map[string]any
	}{
		{"items.0", map[string]any{}},
		{"items.0.reason", map[string]any{"choice": "REJECTED", "reason": "NUL\x00"}},
		{"items.0.reason", map[string]any{"choice": "REJECTED", "reason": strings.Repeat("🦊", 2001)}},
		{"items.0.articleId", map[string]any{"articleId": "art_1", "choice": "REJECTED"}},
	} {
		rows = append(rows, badInput{
			"decideArticlePlans", c.field, map[string]any{"items": one(c.fields)}, "INVALID_INPUT", c.field,
		})
	}
	texts := func(n int) any { return keywordTexts(n) }
	for _, c := range []struct {
		field string
		value any
	}{
		{"title", ""},
		{"title", "\u200b\u202e"},
		{"title", "\x00"},
		{"title", strings.Repeat("é", 201)},
		{"angle", strings.Repeat("é", 601)},
		{"format", strings.Repeat("é", 61)},
		{"targetWords", 899},
		{"targetWords", 2501},
		{"targetWords", -2147483648},
		{"primaryKeyword", "!?"},
		{"primaryKeyword", "\u0301"},
		{"primaryKeyword", strings.Repeat("é", 201)},
		{"secondaryKeywords", texts(21)},
		{"questions", texts(7)},
		{"mustAvoid", texts(21)},
		{"questions", []string{strings.Repeat("é", 201)}},
	} {
		field := "items.0.brief." + c.field
		rows = append(rows, badInput{
			"decideArticlePlans", field,
			map[string]any{"items": one(map[string]any{"brief": map[string]any{c.field: c.value}})},
			"INVALID_INPUT", field,
		})
	}
	return rows
}
