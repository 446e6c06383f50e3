package e2e

import "strings"

// badWork are bad inputs of programs that work on steps from outside.
func badWork() []badInput {
	result := func(name string, value any, field string) badInput {
		return badInput{
			"completeStep", name, map[string]any{"result": value}, "INVALID_INPUT", "result" + field,
		}
	}
	object := func(value any) map[string]any { return map[string]any{"object": value} }
	deep := any(1)
	for range 40 {
		deep = map[string]any{"a": deep}
	}
	icp := map[string]any{
		"industries": []string{}, "buyerRoles": []string{}, "painPoints": []string{}, "valueProposition": "",
	}
	rows := []badInput{
		result("no result", map[string]any{}, ".object"),
		result("two results", map[string]any{"icp": icp, "object": map[string]any{}}, ".object"),
		result("the result of another step", map[string]any{"icp": icp}, ".object"),
		result("keywords of another step", map[string]any{"keywords": []any{}}, ".object"),
		result("a list", object([]any{1}), ".object"),
		result("a text", object("{}"), ".object"),
		result("a number", object(7), ".object"),
		result("no object", object(nil), ".object"),
		result("NUL in a value", object(map[string]any{"a": "NUL\x00"}), ".object"),
		result("NUL in a name", object(map[string]any{"NUL\x00": 1}), ".object"),
		result("too deep", object(deep), ".object"),
		result("too long", object(map[string]any{"a": strings.Repeat("a", 128<<10)}), ".object"),
		result("a model of NUL", map[string]any{"object": map[string]any{}, "model": "NUL\x00"}, ".model"),
		result("a provider too long", map[string]any{"object": map[string]any{}, "provider": strings.Repeat("🦊", 201)},
			".provider"),
		bad("failStep", "failureCode", "LEASE_EXPIRED", "INVALID_INPUT"),
		bad("failStep", "failureCode", "UNITS_FAILED", "INVALID_INPUT"),
		bad("failStep", "failureCode", "CANCELLED", "INVALID_INPUT"),
		bad("failStep", "retryAfter", -1, "INVALID_INPUT"),
		bad("failStep", "retryAfter", 86401, "INVALID_INPUT"),
		bad("failStep", "message", "NUL\x00", "INVALID_INPUT"),
		bad("failStep", "message", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
		{"claimWork", "a step for people", map[string]any{"steps": []string{"SEED_REVIEW"}}, "INVALID_INPUT", "steps.0"},
		{"claimWork", "a step of the engine", map[string]any{"steps": []string{"ICP"}}, "INVALID_INPUT", "steps.0"},
		bad("claimWork", "max", 0, "INVALID_INPUT"),
		bad("claimWork", "max", 51, "INVALID_INPUT"),
		bad("claimWork", "leaseSeconds", 0, "INVALID_INPUT"),
		bad("claimWork", "leaseSeconds", 3601, "INVALID_INPUT"),
		bad("renewLease", "leaseSeconds", -1, "INVALID_INPUT"),
		bad("renewLease", "leaseSeconds", 3601, "INVALID_INPUT"),
		{
			"setOutsideSteps", "a step for people",
			map[string]any{"steps": []string{"ICP", "SEED_REVIEW"}},
			"INVALID_INPUT",
			"steps.1",
		},
		bad("setOutsideSteps", "reason", "NUL\x00", "INVALID_INPUT"),
		bad("setOutsideSteps", "reason", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
	}
	for _, mutation := range []string{"completeStep", "failStep"} {
		for _, token := range []int{0, -1, 1, 2147483647} {
			rows = append(rows, bad(mutation, "token", token, "LOST_RUN"))
		}
	}
	return rows
}
