package e2e

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// price returns one price of a list, in the form in which a client sends it.
func price(model, component, amount string) map[string]any {
	return map[string]any{"model": model, "component": component, "amount": amount}
}

func fromNow(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }

func badBookings() []badInput {
	rows := []badInput{
		bad("recordUsage", "promptTokens", -1, "INVALID_INPUT"),
		bad("recordUsage", "completionTokens", -1, "INVALID_INPUT"),
		bad("recordUsage", "reasoningTokens", -1, "INVALID_INPUT"),
		bad("recordUsage", "cachedTokens", -1, "INVALID_INPUT"),
		bad("recordUsage", "webSearches", -1, "INVALID_INPUT"),
		bad("recordUsage", "items", -1, "INVALID_INPUT"),
		bad("recordUsage", "model", strings.Repeat("m", 201), "INVALID_INPUT"),
		bad("recordUsage", "model", "NUL\x00", "INVALID_INPUT"),
		bad("recordUsage", "provider", strings.Repeat("p", 201), "INVALID_INPUT"),
		bad("recordUsage", "generationId", "NUL\x00", "INVALID_INPUT"),
		bad("recordUsage", "cost", "9223372.036854775806", "INVALID_INPUT"),
		{"recordUsage", "no cost of an unknown model", map[string]any{
			"cost": nil, "model": "acme/unheard-of",
		}, "PRICE_UNKNOWN", "cost"},
		bad("adjustUsage", "cost", "9223372.036854775806", "INVALID_INPUT"),
		bad("adjustUsage", "reason", "", "INVALID_INPUT"),
		bad("adjustUsage", "reason", " \t", "INVALID_INPUT"),
		bad("adjustUsage", "reason", strings.Repeat("🦊", 1901), "INVALID_INPUT"),
		bad("adjustUsage", "entryId", func(f fixture) any { return f.entry(0) }, "INVALID_INPUT"),
		bad("adjustUsage", "entryId", func(f fixture) any { return f.entry(1) }, "CONFLICT"),
		bad("adjustUsage", "entryId", func(f fixture) any { return f.entry(2) }, "INVALID_INPUT"),
		bad("adjustUsage", "entryId", func(f fixture) any { return f.entry(4) }, "NOT_FOUND"),
		bad("adjustUsage", "entryId", func(f fixture) any { return f.entry(2147483647) }, "NOT_FOUND"),
	}
	for _, mutation := range []string{"setWorkflowLimit", "setMonthlyLimit"} {
		rows = append(rows,
			bad(mutation, "limit", nil, "INVALID_INPUT"),
			badInput{mutation, "limit and unlimited", map[string]any{"unlimited": true}, "INVALID_INPUT", "limit"},
			badInput{mutation, "neither", map[string]any{"limit": nil, "unlimited": false}, "INVALID_INPUT", "limit"},
		)
	}
	return rows
}

// badBatches are bad orders of batches.
func badBatches() (rows []badInput) {
	for _, mutation := range []string{"cancelWorkflows", "retryWorkflows", "startSteps", "setWorkflowLimits"} {
		one := func(id any) map[string]any { return map[string]any{"workflowIds": []any{id}} }
		rows = append(rows,
			badInput{mutation, "no workflows", map[string]any{"workflowIds": nil}, "INVALID_INPUT", "workflowIds"},
			badInput{mutation, "both", map[string]any{"filter": map[string]any{}}, "INVALID_INPUT", "workflowIds"},
			badInput{mutation, "none named", map[string]any{"workflowIds": []any{}}, "INVALID_INPUT", "workflowIds"},
			badInput{mutation, "no id", one("x"), "INVALID_INPUT", "workflowIds.0"},
			badInput{mutation, "an unknown id", one("wf_" + uuid.NewString()), "NOT_FOUND", "workflowIds.0"},
			badInput{
				mutation, "a foreign id",
				map[string]any{"workflowIds": func(f fixture) any { return []any{wf(f.other.fresh)} }},
				"NOT_FOUND",
				"workflowIds.0",
			},
			badInput{mutation, "no key", map[string]any{"digest": "x"}, "INVALID_INPUT", "idempotencyKey"},
			bad(mutation, "digest", strings.Repeat("a", 65), "INVALID_INPUT"),
			bad(mutation, "digest", "", "INVALID_INPUT"),
		)
	}
	rows = append(rows,
		badInput{"markAlertsRead", "no alerts", map[string]any{"until": nil}, "INVALID_INPUT", "alertIds"},
		badInput{
			"markAlertsRead", "an unknown id",
			map[string]any{"until": nil, "alertIds": []any{"alert_" + uuid.NewString()}},
			"NOT_FOUND",
			"alertIds.0",
		})
	return append(rows, bad("setWorkflowLimits", "limit", nil, "INVALID_INPUT"),
		bad("cancelWorkflows", "reason", "NUL\x00", "INVALID_INPUT"))
}

func badSettings() (rows []badInput) {
	for _, mutation := range []string{
		"adjustUsage", "setWorkflowLimit", "setMonthlyLimit", "setTimeZone", "setAlertWebhook", "acceptPrice",
		"rejectPrice", "revokeApiKey", "setOrganizationName",
	} {
		rows = append(rows, bad(mutation, "reason", strings.Repeat("🦊", 2001), "INVALID_INPUT"),
			bad(mutation, "reason", "NUL\x00", "INVALID_INPUT"))
	}
	for _, name := range []string{"", " ", strings.Repeat("a", 201), "NUL\x00", "bell\a", "two\nlines"} {
		rows = append(rows, bad("setOrganizationName", "name", name, "INVALID_INPUT"))
	}
	for _, zone := range []string{
		"", " ", "Mars/Olympus", "UTC+25", "+01:00", "Europe/Berlin ", "Local", "localtime", "posixrules", "Factory",
		"posix/UTC", "right/UTC", "../UTC", "/etc/localtime", "Europe", "NUL\x00", strings.Repeat("a", 201),
	} {
		rows = append(rows, bad("setTimeZone", "timeZone", zone, "INVALID_INPUT"))
	}
	for _, address := range []string{
		"", " ", "example.com", "/alerts", "//example.com", "http://example.com", "ftp://example.com", "mailto:a@example.com",
		"https://", "https:///path", "https://user:secret@example.com", "https://example.com/#part", "https://exa mple.com",
		"https://example.com:0", "https://example.com:65536", "https://例え.jp", "https://example.com/\x00",
		"https://example.com/" + strings.Repeat("a", 2029),
		"https://localhost", "https://LOCALHOST.", "https://a.localhost/", "https://127.0.0.1", "https://127.1.2.3:8443/x",
		"https://0.0.0.0", "https://10.0.0.1", "https://172.16.0.1", "https://192.168.0.1", "https://100.64.0.1",
		"https://169.254.169.254/latest/meta-data/", "https://[::1]", "https://[::]", "https://[fd00::1]",
		"https://[fe80::1]", "https://[::ffff:10.0.0.1]",
	} {
		rows = append(rows, bad("setAlertWebhook", "url", address, "INVALID_INPUT"))
	}
	return rows
}

func badPrices() (rows []badInput) {
	list := func(name, field string, prices ...any) badInput {
		whole := append([]any{}, prices...) // Without prices the list is empty, not null.
		return badInput{"importPrices", name, map[string]any{"prices": whole}, "INVALID_INPUT", field}
	}
	good := price("acme/model", "PROMPT", "0.000001")
	short := price("acme/model", "COMPLETION", "0.000001")
	short["minPromptTokens"] = -1
	for _, amount := range []any{"", "-1", "0.0000000000001", "9223372.036854775808", "1e-6", "NaN", "1,5", 0.5, 1, true} {
		wrong := price("acme/model", "COMPLETION", "")
		wrong["amount"] = amount
		rows = append(rows, list("a wrong amount", "prices.1.amount", good, wrong))
	}
	return append(rows,
		list("no price", "prices"),
		list("too many prices", "prices", slices.Repeat([]any{good}, 1001)...),
		list("one price twice", "prices", good, good),
		list("two prices of one thing", "prices", good, price("acme/model", "PROMPT", "0.000002")),
		list("a size below zero", "prices.minPromptTokens", good, short),
		list("no model", "prices.model", price("", "PROMPT", "0.000001")),
		list("a model with a space", "prices.model", price("acme model", "PROMPT", "0.000001")),
		list("a long model", "prices.0.model", price(strings.Repeat("m", 201), "PROMPT", "0.000001")),
		list("a model with NUL", "prices.0.model", price("\x00", "PROMPT", "0.000001")),
		bad("importPrices", "source", "", "INVALID_INPUT"),
		bad("importPrices", "source", strings.Repeat("s", 2049), "INVALID_INPUT"),
		bad("importPrices", "source", "NUL\x00", "INVALID_INPUT"),
		badInput{"importPrices", "a dry run without a source", map[string]any{
			"source": "", "apply": false,
		}, "INVALID_INPUT", "source"},
		bad("acceptPrice", "reason", "", "INVALID_INPUT"),
		bad("acceptPrice", "proposalId", func(f fixture) any { return f.rejected }, "CONFLICT"),
		bad("rejectPrice", "reason", "", "INVALID_INPUT"),
		bad("rejectPrice", "proposalId", func(f fixture) any { return f.accepted }, "CONFLICT"),
	)
}

func badAPIKeys() (rows []badInput) {
	for _, name := range []string{
		"", " ", " \ufe0f", "two\nlines", "NUL\x00", "\u0085", strings.Repeat("🔑", 101), strings.Repeat("k", 201),
	} {
		rows = append(rows, bad("createApiKey", "name", name, "INVALID_INPUT"))
	}
	const day = 24 * time.Hour
	for _, end := range []any{
		"", "tomorrow", "2026-13-01T00:00:00Z", "2026-02-01", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 1, true,
		"1970-01-01T00:00:00Z", fromNow(-day), fromNow(-time.Second), fromNow(366*day + time.Hour),
	} {
		rows = append(rows, bad("createApiKey", "expiresAt", end, "INVALID_INPUT"))
	}
	return append(rows, bad("createApiKey", "name", func(f fixture) any { return f.keyName }, "CONFLICT"),
		bad("createApiKey", "name", func(f fixture) any { return " " + f.keyName + "\ufe0f" }, "CONFLICT"))
}
