package postgres

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// checksum returns the SHA-256 of what a migration does: of its text without comments, with one space for any white
// space between words. Comments may be corrected; the rest of an applied file may not change.
func checksum(text string) []byte {
	sum := sha256.Sum256([]byte(statements(text)))
	return sum[:]
}

// earlierChecksums are those of whole files, as they were stored before comments stopped to count. `migrate up`
// replaces them.
var earlierChecksums = map[string]string{
	"0001_foundation.sql":      "6de16b9ceac2563600789374a7c4af0d258ebf0ba32279eac06ce2bc65925171",
	"0002_workflow.sql":        "2317e2387e59189a09a6d2b90df666a8f4df01ba7f81fd94c8980e0b02182b9c",
	"0003_usage.sql":           "146614566da0e8b9f4e5b9171c00249558dde26b20646dfe6f9bb1d6a7c1a384",
	"0004_idempotency.sql":     "73fd68fc7caef951eab84bf33d549b5fb3d9ee1d6b208160fc9d3ada48ad6abb",
	"0005_prices.sql":          "1fc7cc107714d85e53f64af4dc6ca42463988332c50d25d3aa030b9742c6fc15",
	"0006_usage_days.sql":      "2872270d390ee3abbfd3a1e41704ec9fec9231ca938c471fe3e3bd2259756bdb",
	"0007_months.sql":          "90d42e6f2ac7148cfae271d03e64d04aa06860745776ec1946e540709aee7049",
	"0008_rate.sql":            "adc2e357833a2520b3457f97152e6adb90c52e87b30038b6cbd45b68ae68004e",
	"0009_api_keys.sql":        "6c7dfc2313e46685d093c701adbc71caf67e1fd42c6087b1cf8699700f8ad6e5",
	"0010_tenants.sql":         "68b7075a673ea962c523fe6c155c93eb49a30704734ef2cd192b2858c4e49591",
	"0011_alerts.sql":          "14a4a4929e8f3a930de40dec056b824cfede818a372f55ce48647518715f12c6",
	"0012_answers.sql":         "04daa10d2f5a82c849585b1f963729231288e2905919b9556de3a8e23e998ea8",
	"0013_generations.sql":     "28d94ed49cec6db6e394cde6e0d5f89283a3a83fe3496464a3ae9af77ff6a977",
	"0014_bound_names.sql":     "1d2aad9f341c5c98446c83565280a1b00822e21eb50af41ded21ab0703287651",
	"0015_database_clock.sql":  "287f037b58128b27a3a04ce86b4f2003d28f94d08452306fea40092b96e5a25e",
	"0016_kept_columns.sql":    "9e5c600d9d0428e7741a5881bf616f40e40c0f109c990cb27c09110d64ecc407",
	"0017_graphs_and_runs.sql": "44598e95a3cec0506c0f911235d50c218385a6c15d6885f078b180b3e62c9ffd",
}

// applies reports whether a stored checksum is that of the migration.
func (m Migration) applies(stored []byte) bool {
	if bytes.Equal(m.checksum, stored) {
		return true
	}
	return m.earlier != "" && hex.EncodeToString(stored) == m.earlier
}

// statements returns SQL without its comments. Quoted text stays as it is, and so do the bodies of functions.
func statements(text string) string {
	var out strings.Builder
	space := false // of white space or a comment before the next word
	for text != "" {
		n, kind := sqlToken(text)
		if kind == separator {
			space = true
		} else {
			if space && out.Len() > 0 {
				out.WriteByte(' ')
			}
			space = false
			out.WriteString(text[:n])
		}
		text = text[n:]
	}
	return out.String()
}

// tokenKind is separator for white space and comments.
type tokenKind bool

const separator tokenKind = true

// sqlToken returns the length of the first token of SQL: white space, a comment, something quoted, or one byte of
// anything else. A comment or quotation without an end reaches to the end of the text.
func sqlToken(text string) (int, tokenKind) {
	switch {
	case strings.IndexByte(" \t\r\n\f\v", text[0]) >= 0:
		return 1, separator
	case strings.HasPrefix(text, "--"):
		return until(text, "\n", 0), separator
	case strings.HasPrefix(text, "/*"):
		return blockComment(text), separator
	case text[0] == '\'', text[0] == '"':
		return until(text, text[:1], 1), !separator // A doubled quote ends one token and begins the next.
	case text[0] == '$':
		if tag := dollarTag(text); tag != "" {
			return until(text, tag, len(tag)), !separator
		}
	}
	return 1, !separator
}

// until returns the index after the first end in text that comes from an index on.
func until(text, end string, from int) int {
	i := strings.Index(text[from:], end)
	if i < 0 {
		return len(text)
	}
	return from + i + len(end)
}

// blockComment returns the length of a comment, in which others may be nested.
func blockComment(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(text[i:], "*/"):
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// dollarTag returns the opening quote $tag$ of text, "" when it is none.
func dollarTag(text string) string {
	end := strings.IndexByte(text[1:], '$')
	if end < 0 {
		return ""
	}
	tag := text[1 : 1+end]
	for i, r := range tag {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
		if !letter && (i == 0 || r < '0' || r > '9') {
			return ""
		}
	}
	return text[:2+end]
}
