package content

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"FoldsCase":               {"CRM Software", "crm software"},
		"FoldsSharpS":             {"Straße", "strasse"},
		"JoinsWithOneSpace":       {"  crm\t–  software! ", "crm software"},
		"KeepsCyrillic":           {"Купить Слона", "купить слона"},
		"KeepsJapanese":           {"顧客管理、システム", "顧客管理 システム"},
		"KeepsMarksOfDevanagari":  {"हिन्दी", "हिन्दी"},
		"KeepsThai":               {"ซอฟต์แวร์", "ซอฟต์แวร์"},
		"FoldsFullWidth":          {"ＳＥＯ１", "seo1"},
		"FoldsHalfWidthKatakana":  {"ﾎｰﾑ", "ホーム"},
		"ComposesAccents":         {"cafe\u0301", "café"},
		"SplitsAtAZeroWidthSpace": {"a\u200bb", "a b"},
		"IsEmptyWithoutAWord":     {"!? 🙂", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Normalise(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNormaliseTwiceIsNormaliseOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := Normalise(rapid.String().Draw(t, "text"))
		if twice := Normalise(once); twice != once {
			t.Fatalf("got %q, want %q", twice, once)
		}
	})
}

func TestTokenKeyIgnoresOrderAndRepetition(t *testing.T) {
	t.Parallel()
	if got, want := TokenKey("CRM best crm"), "best crm"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIsKeyword(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"crm": true, "7": true, "²": true, "顧客管理": true, "هاتف": true, "क्": true, strings.Repeat("é", 200): true,
		"": false, " ": false, "!?": false, "\u0301": false, "\u0301\u0302 \u20dd": false, "😀": false,
		strings.Repeat("é", 201): false, strings.Repeat("﷽", 200): false,
	} {
		if got := IsKeyword(text); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://www.A.example/pricing?q=1": "a.example",
		"https://shop.a.example:8443":       "shop.a.example",
		"https://例え.jp/":                    "xn--r8jz45g.jp",
		"https://localhost":                 "",
		"https://127.0.0.1":                 "",
		"https://127.1":                     "",
		"https://[::1]":                     "",
		"https://[::ffff:10.0.0.1]":         "",
		"https://a.example.":                "",
		"https://.example":                  "",

		"https://" + strings.Repeat("a", 63) + ".example":      strings.Repeat("a", 63) + ".example",
		"https://" + strings.Repeat("a", 64) + ".example":      "",
		"https://" + strings.Repeat("ä", 60) + ".example":      "",
		"https://" + strings.Repeat("abcdef.", 35) + "example": strings.Repeat("abcdef.", 35) + "example",
		"https://" + strings.Repeat("abcdef.", 36) + "example": "",
	} {
		got, valid := Domain(address)
		if valid != (want != "") || valid && got != want {
			t.Errorf("%s: got %q, %t, want %q", address, got, valid, want)
		}
	}
}
