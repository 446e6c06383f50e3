package e2e

import (
	"slices"
	"strings"
)

// badInput is one change that makes a good input bad, and the expected refusal.
type badInput struct {
	mutation, name string
	changes        map[string]any
	code, field    string
}

// bad returns a change of one field. The refusal must name that field.
func bad(mutation, field string, value any, code string) badInput {
	name := field
	if text, is := value.(string); is && len(text) < 40 {
		name += " " + text
	}
	return badInput{mutation, name, map[string]any{field: value}, code, field}
}

func badInputs() []badInput {
	return slices.Concat(badNames(), badAddresses(), badAmounts(), badIDs(), badKeys(), badMoves(), badReviews(),
		badArticles(), badVerdicts(), badPublishing(), badTargets(), badCalls(), badWork(), badBookings(), badSettings(),
		badBatches(), badPrices(),
		badAPIKeys())
}

func badNames() (rows []badInput) {
	for _, field := range []string{"name", "company.name"} {
		for _, text := range []string{
			"", " ", "\t\r\n", "\u3000\u00a0", "\u200b", "\u2028", "NUL\x00", "two\nlines",
			strings.Repeat("é", 201), strings.Repeat("🦊", 201),
		} {
			rows = append(rows, bad("createWorkflow", field, text, "INVALID_INPUT"))
		}
	}
	taken := func(f fixture) any { return f.fresh.Name }
	takenButForSpace := func(f fixture) any { return "  " + f.fresh.Name + "\t" }
	return append(rows,
		bad("createWorkflow", "name", taken, "DUPLICATE_NAME"),
		bad("createWorkflow", "name", takenButForSpace, "DUPLICATE_NAME"),
		bad("transitionWorkflow", "reason", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
		bad("transitionWorkflow", "reason", "NUL\x00", "INVALID_INPUT"),
		bad("cancelWorkflow", "reason", strings.Repeat("a", 2001), "INVALID_INPUT"),
		bad("cancelWorkflow", "reason", "\x00", "INVALID_INPUT"),
		bad("releaseUsage", "reason", strings.Repeat("a", 2001), "INVALID_INPUT"),
		bad("releaseUsage", "reason", "\x00", "INVALID_INPUT"),
	)
}

func badAddresses() (rows []badInput) {
	for _, text := range []string{
		"", " ", "example.com", "/path", "//example.com", "ftp://example.com", "javascript:alert(1)", "mailto:a@example.com",
		"http://", "https:///path", "https://user:secret@example.com", "https://exa mple.com", "https://example.com:0",
		"https://example.com/\x00", "https://example.com/" + strings.Repeat("a", 2029),
		"https://例え.jp/" + strings.Repeat("例", 700),
	} {
		rows = append(rows, bad("createWorkflow", "company.url", text, "INVALID_INPUT"))
		if text != "" {
			rows = append(rows, bad("createWorkflow", "company.linkedinUrl", text, "INVALID_INPUT"))
		}
	}
	return rows
}

func badAmounts() (rows []badInput) {
	for _, target := range [][2]string{
		{"createWorkflow", "spendLimit"},
		{"reserveUsage", "amount"},
		{"settleUsage", "cost"},
		{"recordUsage", "cost"},
		{"adjustUsage", "cost"},
		{"setWorkflowLimit", "limit"},
		{"setMonthlyLimit", "limit"},
	} {
		for _, value := range []any{
			"", " ", "-1", "-0.000000000001", "+1", "1e3", "0.0000000000001", "9223372.036854775808", "99999999999999999999999",
			"NaN", "Infinity", "1,5", "$1", "0x10", "1.", "١", 0.5, 1, true,
		} {
			rows = append(rows, bad(target[0], target[1], value, "INVALID_INPUT"))
		}
	}
	return rows
}

func badIDs() (rows []badInput) {
	const unknown = "00000000-0000-7000-8000-00000000dead"
	for mutation := range selections {
		field, kind, number, foreign := "workflowId", "wf_", "", func(f fixture) any { return wf(f.other.fresh) }
		switch mutation {
		case "testAlertWebhook",
			"createWorkflow", "setMonthlyLimit", "setTimeZone", "setAlertWebhook", "importPrices", "createApiKey",
			"setGates", "claimWork", "setOutsideSteps", "setOrganizationName", "setMarket",
			"setBrand", "startVerification", "createPublishTarget",
			"cancelWorkflows", "retryWorkflows", "startSteps", "setWorkflowLimits", "markAlertsRead":
			continue
		case "settleUsage", "releaseUsage":
			field, kind, foreign = "callId", "call_", func(f fixture) any { return f.other.held }
		case "updateArticle", "retryArticle", "skipArticle", "regenerateSection":
			field, kind, foreign = "articleId", "art_", func(f fixture) any { return f.other.press.article() }
		case "decidePublication":
			field, kind, foreign = "publicationId", "pub_", func(f fixture) any { return f.other.press.publication(1) }
		case "testPublishTarget", "setPublishTargetSecret", "retirePublishTarget":
			field, kind, foreign = "targetId", "target_", func(f fixture) any { return f.other.press.target }
		case "adjustUsage":
			field, kind, number, foreign = "entryId", "led_", "_1", func(f fixture) any { return f.other.entry(3) }
		case "acceptPrice", "rejectPrice":
			field, kind, foreign = "proposalId", "prop_", func(f fixture) any { return f.other.pending }
		case "revokeApiKey":
			field, kind, foreign = "keyId", "key_", func(f fixture) any { return f.other.apiKey }
		}
		for _, text := range []string{
			"", kind, kind + "1", unknown, "org_" + unknown, kind + strings.ToUpper(unknown) + number,
			kind + unknown + number + "_1", " " + kind + unknown + number, kind + "{" + unknown + "}" + number,
			"'; DROP TABLE intent_workflows; --", "\x00",
		} {
			rows = append(rows, bad(mutation, field, text, "INVALID_INPUT"))
		}
		rows = append(rows, bad(mutation, field, kind+unknown+number, "NOT_FOUND"))
		rows = append(rows, bad(mutation, field, foreign, "NOT_FOUND"))
	}
	return rows
}

func badKeys() (rows []badInput) {
	for mutation := range selections {
		for _, text := range []string{"", strings.Repeat("🔑", 256), "NUL\x00", "two\nlines"} {
			rows = append(rows, bad(mutation, "idempotencyKey", text, "INVALID_INPUT"))
		}
		row := bad(mutation, "idempotencyKey", func(f fixture) any { return f.key }, "IDEMPOTENCY_MISMATCH")
		if mutation == "reserveUsage" {
			row.changes["amount"] = "0.02" // The same amount would be a replay.
		}
		if strings.Contains(selections[mutation].fields, "preview") {
			row.changes["digest"] = "x" // A dry run uses no key.
		}
		rows = append(rows, row)
	}
	return rows
}

func badMoves() []badInput {
	done := func(f fixture) any { return wf(f.done) }
	over := func(f fixture) any { return wf(f.over) }
	return []badInput{
		bad("generateIcp", "workflowId", done, "STALE_STATE"),
		bad("generateIcp", "workflowId", over, "TERMINAL_STATE"),
		bad("cancelWorkflow", "workflowId", over, "TERMINAL_STATE"),
		{"transitionWorkflow", "from a state left", map[string]any{"workflowId": done}, "STALE_STATE", "from"},
		{"transitionWorkflow", "from a state to come", map[string]any{
			"from": "ICP_PENDING", "to": "ICP_PROCESSING",
		}, "STALE_STATE", "from"},
		{"transitionWorkflow", "from a state that is over", map[string]any{
			"from": "CANCELLED", "to": "CREATED",
		}, "STALE_STATE", "from"},
		{"transitionWorkflow", "of a version to come", map[string]any{"version": 1}, "STALE_STATE", "from"},
		{"transitionWorkflow", "of no version", map[string]any{"version": -1}, "STALE_STATE", "from"},
		{"transitionWorkflow", "no edge", map[string]any{"to": "COMPLETED"}, "ILLEGAL_TRANSITION", "to"},
		{"transitionWorkflow", "to itself", map[string]any{"to": "CREATED"}, "ILLEGAL_TRANSITION", "to"},
		{"transitionWorkflow", "of what is over", map[string]any{"workflowId": over}, "TERMINAL_STATE", "from"},
		{"transitionWorkflow", "out of the end", map[string]any{
			"workflowId": over, "from": "CANCELLED", "to": "CREATED",
		}, "TERMINAL_STATE", "from"},
		bad("renewLease", "token", 0, "LOST_RUN"),
		bad("renewLease", "token", -1, "LOST_RUN"),
		bad("renewLease", "token", 2147483647, "LOST_RUN"),
	}
}

func badCalls() []badInput {
	estimate := func(changes map[string]any, code, field string) badInput {
		whole := map[string]any{
			"models": []string{"perplexity/sonar"}, "promptBytes": 1000, "maxCompletionTokens": 700, "webSearches": 1,
		}
		for name, value := range changes {
			whole[name] = value
		}
		return badInput{"reserveUsage", field, map[string]any{"amount": nil, "estimate": whole}, code, field}
	}
	unheard := []string{"openai/gpt-4o-mini", "acme/unheard-of"}
	return []badInput{
		bad("reserveUsage", "amount", "1.01", "BUDGET_EXHAUSTED"),
		bad("reserveUsage", "amount", "9223372.036854775806", "BUDGET_EXHAUSTED"),
		bad("reserveUsage", "amount", "0.97", "BUDGET_HELD"),
		bad("reserveUsage", "amount", "0.960000000001", "BUDGET_HELD"),
		bad("reserveUsage", "amount", nil, "INVALID_INPUT"),
		bad("reserveUsage", "workflowId", func(f fixture) any { return wf(f.over) }, "TERMINAL_STATE"),
		{"reserveUsage", "amount and estimate", map[string]any{"estimate": map[string]any{
			"models": unheard[:1], "promptBytes": 1, "maxCompletionTokens": 1,
		}}, "INVALID_INPUT", "amount"},
		estimate(map[string]any{"models": unheard}, "PRICE_UNKNOWN", "estimate.models"),
		estimate(map[string]any{"models": []string{}}, "INVALID_INPUT", "estimate.models"),
		estimate(map[string]any{"models": []string{"", "a"}}, "INVALID_INPUT", "estimate.models"),
		estimate(map[string]any{"models": slices.Repeat(unheard[:1], 9)}, "INVALID_INPUT", "estimate.models"),
		estimate(map[string]any{"models": []string{"NUL\x00"}}, "INVALID_INPUT", "estimate.models.0"),
		estimate(map[string]any{"promptBytes": -1}, "INVALID_INPUT", "estimate.promptBytes"),
		estimate(map[string]any{"promptBytes": 2147483647}, "INVALID_INPUT", "estimate.promptBytes"),
		estimate(map[string]any{"maxCompletionTokens": -1}, "INVALID_INPUT", "estimate.maxCompletionTokens"),
		estimate(map[string]any{"maxCompletionTokens": 2147483647}, "INVALID_INPUT", "estimate.maxCompletionTokens"),
		estimate(map[string]any{"webSearches": -1}, "INVALID_INPUT", "estimate.webSearches"),
		estimate(map[string]any{"items": -1}, "INVALID_INPUT", "estimate.items"),
		estimate(map[string]any{"items": 100_001}, "INVALID_INPUT", "estimate.items"),
		bad("settleUsage", "promptTokens", -1, "INVALID_INPUT"),
		bad("settleUsage", "completionTokens", -1, "INVALID_INPUT"),
		bad("settleUsage", "reasoningTokens", -1, "INVALID_INPUT"),
		bad("settleUsage", "cachedTokens", -1, "INVALID_INPUT"),
		bad("settleUsage", "webSearches", -1, "INVALID_INPUT"),
		bad("settleUsage", "items", -1, "INVALID_INPUT"),
		bad("settleUsage", "items", 1_000_000_001, "INVALID_INPUT"),
		bad("settleUsage", "model", strings.Repeat("m", 201), "INVALID_INPUT"),
		bad("settleUsage", "model", "NUL\x00", "INVALID_INPUT"),
		bad("settleUsage", "provider", strings.Repeat("p", 201), "INVALID_INPUT"),
		bad("settleUsage", "generationId", "NUL\x00", "INVALID_INPUT"),
		{"settleUsage", "no cost of an unknown model", map[string]any{
			"cost": nil, "model": "acme/unheard-of",
		}, "PRICE_UNKNOWN", "cost"},
		{"settleUsage", "again with another cost", map[string]any{
			"callId": func(f fixture) any { return f.settled }, "cost": "0.02",
		}, "IDEMPOTENCY_MISMATCH", "callId"},
		bad("releaseUsage", "callId", func(f fixture) any { return f.settled }, "CONFLICT"),
	}
}
