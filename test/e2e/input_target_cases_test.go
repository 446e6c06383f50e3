package e2e

import (
	"strings"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// hookTarget is a target with a secret of the engine.
func hookTarget() postgres.PublishTarget {
	return postgres.PublishTarget{
		Kind:          workflow.TargetWebhook,
		BaseURL:       "https://hooks.example",
		TargetVersion: postgres.TargetVersion{State: workflow.TargetReady, Secret: []byte("sealed")},
	}
}

// badSites are addresses that no article is published to.
var badSites = []string{
	"", " ", "blog.example", "/blog", "//blog.example", "http://blog.example", "ftp://blog.example",
	"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https:blog.example", "https://", "https:///x",
	"https://:443", "https://user:secret@blog.example", "https://user@blog.example", "https://:secret@blog.example",
	"https://blog.example:0", "https://blog.example:65536", "https://blog.example:-1", "https://blog.example:x",
	"https://blog.example?q=1", "https://blog.example?", "https://blog.example/#x", "https://blog.example/#",
	"https://localhost", "https://LOCALHOST.", "https://a.localhost", "https://127.0.0.1", "https://127.0.0.1.",
	"https://127.0.0.1:8443", "https://0.0.0.0", "https://10.0.0.1", "https://172.16.0.1", "https://192.168.1.1",
	"https://169.254.169.254", "https://100.64.0.1", "https://224.0.0.1", "https://255.255.255.255",
	"https://[::1]", "https://[::]", "https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", "https://[::127.0.0.1]",
	"https://[fe80::1]", "https://[fe80::1%25eth0]", "https://[2606:4700:4700::1111%25eth0]", "https://[fd00:ec2::254]",
	"https://[64:ff9b::a9fe:a9fe]", "https://[2002:7f00:1::]", "https://[ff02::1]", "https://[::1", "https://::1",
	"https://2130706433", "https://0x7f000001", "https://127.1", "https://0177.0.0.1", "https://0", "https://1.2.3.256",
	"https://例え.jp", "https://bücher.example", "https://exa mple.com", "https://blog.example/\n",
	"https://blog.example/\x00",
	"https://blog.example/\u202e", "https://blog..example", "https://.example", "https://.", "https://*.example",
	"https://blog.example\\@127.0.0.1", "https://blog.example%00.evil.example", "https://%6c%6fcalhost",
	"https://" + strings.Repeat("a", 64) + ".example", "https://blog.example/" + strings.Repeat("a", 2028),
}

// badTargets are bad inputs of the mutations about publish targets.
func badTargets() []badInput {
	site := func(kind, secret, name string, changes map[string]any, field string) badInput {
		whole := map[string]any{"kind": kind, "baseUrl": "https://blog.example"}
		if secret != "" {
			whole["secret"] = secret
		}
		if kind == "WORDPRESS" {
			whole["username"] = "editor"
		}
		for key, value := range changes {
			whole[key] = value
		}
		return badInput{"createPublishTarget", kind + ": " + name, whole, "INVALID_INPUT", field}
	}
	const password, key = "abcd EFGH 1234", "6530c0ffee:0123456789abcdef0123456789abcdef"
	var rows []badInput
	for _, address := range badSites {
		rows = append(rows, site("WORDPRESS", password, address, map[string]any{"baseUrl": address}, "baseUrl"),
			site("GHOST", key, address, map[string]any{"baseUrl": address}, "baseUrl"),
			site("WEBHOOK", "", address, map[string]any{"baseUrl": address}, "baseUrl"))
	}
	for _, name := range append([]string{"", " ", " \ufe0f", strings.Repeat("🦊", 101), "two\nlines"}, unclean...) {
		rows = append(rows, bad("createPublishTarget", "name", name, "INVALID_INPUT"))
	}
	for _, name := range append([]string{"", " ", " editor", "ed:itor", strings.Repeat("a", 201)}, unclean...) {
		rows = append(rows, site("WORDPRESS", password, "user "+name, map[string]any{"username": name}, "username"))
	}
	for _, secret := range []string{"", "ä", "two\nlines", "NUL\x00", strings.Repeat("a", 501)} {
		rows = append(rows, site("WORDPRESS", password, "secret "+secret, map[string]any{"secret": secret}, "secret"),
			site("GHOST", key, "secret "+secret, map[string]any{"secret": secret}, "secret"))
	}
	for _, secret := range []string{
		"no colon", ":" + key, "id:", "id:0123", "id:" + strings.Repeat("x", 32), "a b" + key,
	} {
		rows = append(rows, site("GHOST", key, "secret "+secret, map[string]any{"secret": secret}, "secret"))
	}
	return append(rows,
		site("FILE", "", "an address", nil, "baseUrl"),
		site("FILE", "x", "a secret", map[string]any{"baseUrl": nil}, "secret"),
		site("WEBHOOK", "x", "a secret", nil, "secret"),
		site("WEBHOOK", "", "a user", map[string]any{"username": "editor"}, "username"),
		site("GHOST", key, "a user", map[string]any{"username": "editor"}, "username"),
		badInput{"createPublishTarget", "a taken name", map[string]any{
			"name": func(f fixture) any { return f.press.name },
		}, "CONFLICT", "name"},
		badInput{"setPublishTargetSecret", "of a webhook", map[string]any{"secret": "mine"}, "INVALID_INPUT", "secret"},
		badInput{"setPublishTargetSecret", "of a file", map[string]any{
			"targetId": func(f fixture) any { return f.press.target },
		}, "CONFLICT", "targetId"},
	)
}

// goodInput is a change that keeps an input good.
type goodInput struct {
	mutation string
	changes  map[string]any
}

// goodArticles returns inputs of the mutations about articles and publishing at their limits, in an order in which each
// is possible.
func goodArticles() []goodInput {
	reason := strings.Repeat("🦊", 2000)
	rows := []goodInput{
		{"updateArticle", map[string]any{"title": strings.Repeat("🦊", content.MaxVersionTitle), "reason": reason}},
		{"updateArticle", map[string]any{
			"expectedRevision": 2, "metaDescription": strings.Repeat("é", content.MaxMetaDescription),
		}},
		{"updateArticle", map[string]any{
			"expectedRevision": 3, "markdown": strings.Repeat("a", content.MaxMarkdown-1), // It gets a line end.
		}},
		{"updateArticle", map[string]any{
			"expectedRevision": 4, "markdown": "tab\there,\r\nold\rlines", "title": "R&D <b> \"x\"",
		}},
		{"updateArticle", map[string]any{"expectedRevision": 5, "title": "👩🏽\u200d🚀 می\u200cخواهم", "metaDescription": ""}},
		{"regenerateSection", map[string]any{"expectedRevision": 6, "instruction": reason, "dryRun": true}},
		{"setBrand", map[string]any{"tone": strings.Repeat("é", 500), "examples": "line\n\tand tab"}},
		{"decidePublication", map[string]any{"reason": reason}},
		{"rejectPublishing", map[string]any{"feedback": reason}},
		{"createPublishTarget", map[string]any{"name": strings.Repeat("🦊", 100), "reason": reason}},
		{"setPublishTargetSecret", map[string]any{"reason": reason}},
		{"retirePublishTarget", map[string]any{"reason": reason}},
	}
	for _, address := range []string{
		"https://BLOG.example.:8443/a/b", "https://xn--r8jz45g.jp/", "https://[2606:4700:4700::1111]/",
		"https://blog.example/" + strings.Repeat("a", 2048-len("https://blog.example/")),
	} {
		rows = append(rows, goodInput{"createPublishTarget", map[string]any{
			"kind": "WORDPRESS", "baseUrl": address, "username": strings.Repeat("é", 200), "secret": strings.Repeat("a", 500),
		}})
	}
	return rows
}
