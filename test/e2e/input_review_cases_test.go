package e2e

import (
	"fmt"
	"slices"
	"strings"

	"github.com/infin8content/engine/internal/content"
)

// badReviews returns bad inputs of the mutations that start steps, review keywords and decide at gates.
func badReviews() []badInput {
	rows := []badInput{
		{"startStep", "another step", map[string]any{"step": "ARTICLE"}, "STALE_STATE", "workflowId"},
		{"setCompetitors", "too many", map[string]any{"urls": []string{
			"a.example", "b.example", "c.example", "d.example", "e.example", "f.example",
		}}, "INVALID_INPUT", "urls"},
		{"addKeywords", "none", map[string]any{"texts": []string{}}, "INVALID_INPUT", "texts"},
		{"addKeywords", "too many", map[string]any{"texts": keywordTexts(101)}, "INVALID_INPUT", "texts"},
		bad("setMarket", "locationCode", 0, "INVALID_INPUT"),
		bad("setMarket", "locationCode", 100_000_000, "INVALID_INPUT"),
		bad("setMarket", "languageCode", "Klingon", "INVALID_INPUT"),
		bad("setMarket", "languageCode", "", "INVALID_INPUT"),
		{"setMarket", "too many", map[string]any{"negativeWords": keywordTexts(101)}, "INVALID_INPUT", "negativeWords"},
		{"setMarket", "a NUL", map[string]any{"negativeWords": []string{"x", "NUL\x00"}}, "INVALID_INPUT", "negativeWords.1"},
		{"setMarket", "no letter", map[string]any{"negativeWords": []string{"!?"}}, "INVALID_INPUT", "negativeWords.0"},
		bad("setBrand", "tone", strings.Repeat("x", 501), "INVALID_INPUT"),
		bad("setBrand", "audience", "NUL\x00", "INVALID_INPUT"),
		bad("setBrand", "examples", strings.Repeat("ä", 1025), "INVALID_INPUT"),
		{"setBrand", "too many", map[string]any{"do": keywordTexts(21)}, "INVALID_INPUT", "do"},
		{"setBrand", "an empty rule", map[string]any{"dont": []string{"x", " "}}, "INVALID_INPUT", "dont.1"},
		{"setBrand", "no letter", map[string]any{"bannedWords": []string{"!?"}}, "INVALID_INPUT", "bannedWords.0"},
		{"setMarket", "reason NUL", map[string]any{"reason": "NUL\x00"}, "INVALID_INPUT", "reason"},
		{"setGates", "reason", map[string]any{"reason": strings.Repeat("🦊", 2001)}, "INVALID_INPUT", "reason"},
		{"setGates", "reason NUL", map[string]any{"reason": "NUL\x00"}, "INVALID_INPUT", "reason"},
	}
	fresh := func(f fixture) any { return wf(f.fresh) }
	done := func(f fixture) any { return wf(f.done) }
	over := func(f fixture) any { return wf(f.over) }
	review := func(f fixture) any { return wf(f.review.Flow) }
	for mutation, stale := range map[string]func(fixture) any{
		"startStep":        review,
		"retryStep":        fresh,
		"setCompetitors":   review,
		"addKeywords":      done,
		"decideKeywords":   done,
		"retryCompetitors": done,
		"rejectSeeds":      done,
	} {
		rows = append(rows, bad(mutation, "workflowId", stale, "STALE_STATE"),
			bad(mutation, "workflowId", over, "TERMINAL_STATE"))
	}
	for _, address := range []string{
		"", "nothing", "ftp://a.example", "https://user:secret@a.example", "a b.example", "127.0.0.1", "NUL\x00.example",
		strings.Repeat("a", 64) + ".example", strings.Repeat("abcdef.", 36) + "example", "xn--a.example", "b..example",
	} {
		rows = append(rows, badInput{
			"setCompetitors", address, map[string]any{"urls": []string{"a.example", address}}, "INVALID_INPUT", "urls.1",
		})
	}
	for _, text := range []string{
		"", " ", "!?", "NUL\x00", "two\nlines", strings.Repeat("é", 201), "\u0301", "crm\u200b", "\u202ecrm",
	} {
		rows = append(rows, badInput{
			"addKeywords", text, map[string]any{"texts": []string{"crm", text}}, "INVALID_INPUT", "texts.1",
		})
	}
	return slices.Concat(rows, badDecisions(), badApprovals(), badPlans())
}

func badDecisions() []badInput {
	second := func(id func(fixture) string) any {
		return func(f fixture) any { return []string{kw(f.review.Keywords[2]), id(f)} }
	}
	where := func(filter map[string]any) map[string]any { return map[string]any{"ids": nil, "where": filter} }
	return []badInput{
		{"decideKeywords", "ids and filter", map[string]any{"where": map[string]any{}}, "INVALID_INPUT", "ids"},
		{"decideKeywords", "no ids and a filter", map[string]any{
			"ids": []string{}, "where": map[string]any{},
		}, "INVALID_INPUT", "ids"},
		{"decideKeywords", "neither", map[string]any{"ids": nil}, "INVALID_INPUT", "ids"},
		{"decideKeywords", "malformed", map[string]any{
			"ids": second(func(fixture) string { return "kw_1" }),
		}, "INVALID_INPUT", "ids.1"},
		{"decideKeywords", "another kind", map[string]any{
			"ids": second(func(f fixture) string { return wf(f.fresh) }),
		}, "INVALID_INPUT", "ids.1"},
		{"decideKeywords", "unknown", map[string]any{
			"ids": second(func(fixture) string { return kw(content.SeedKeyword{}) }),
		}, "NOT_FOUND", "ids"},
		{"decideKeywords", "of another organization", map[string]any{
			"ids": second(func(f fixture) string { return kw(f.other.review.Keywords[2]) }),
		}, "NOT_FOUND", "ids"},
		{"decideKeywords", "range of volumes", where(map[string]any{
			"volume": map[string]any{"min": 2, "max": 1},
		}), "INVALID_INPUT", "where.volume"},
		{"decideKeywords", "range of difficulties", where(map[string]any{
			"difficulty": map[string]any{"min": 2, "max": 1},
		}), "INVALID_INPUT", "where.difficulty"},
		{"decideKeywords", "search without a word", where(map[string]any{"search": "!?"}), "INVALID_INPUT", "where.search"},
		{"decideKeywords", "search", where(map[string]any{
			"search": strings.Repeat("é", 201),
		}), "INVALID_INPUT", "where.search"},
		bad("decideKeywords", "reason", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
		bad("decideKeywords", "reason", "NUL\x00", "INVALID_INPUT"),
	}
}

func badApprovals() []badInput {
	zeros := strings.Repeat("0", 64)
	rows := []badInput{
		bad("approveSeeds", "expectedVersion", 0, "STALE_STATE"),
		bad("approveSeeds", "expectedVersion", 2147483647, "STALE_STATE"),
		bad("approveSeeds", "selectionDigest", zeros, "STALE_STATE"),
		{"approveSeeds", "of a workflow that is over", map[string]any{
			"workflowId": func(f fixture) any { return wf(f.over) },
		}, "TERMINAL_STATE", "workflowId"},
		{"rejectSeeds", "another version", map[string]any{"expectedVersion": 0}, "STALE_STATE", "workflowId"},
		bad("rejectSeeds", "resetTo", "SEED_REVIEW", "INVALID_INPUT"),
		bad("rejectSeeds", "resetTo", "ARTICLE", "INVALID_INPUT"),
		bad("rejectSeeds", "feedback", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
		bad("rejectSeeds", "feedback", "NUL\x00", "INVALID_INPUT"),
	}
	for _, digest := range []string{"", "0", zeros[1:], zeros + "0", zeros + "00", "x" + zeros[1:], " " + zeros, "\x00"} {
		rows = append(rows, bad("approveSeeds", "selectionDigest", digest, "INVALID_INPUT"))
	}
	return rows
}

// keywordTexts returns n different keywords.
func keywordTexts(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("keyword %d", i)
	}
	return texts
}
