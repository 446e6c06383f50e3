package spelling_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/spelling"
)

func TestClean_MakesTheSameLettersTheSame(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"e\u0301": "é", "\u212b": "Å", " \tSpring\u00a0launch\u202f": "Spring launch", "\u1100\u1161": "가",
		"a  b": "a b", "a \u00a0 b": "a b",
		"Spring\u2002launch": "Spring launch", "a\u2009b": "a b", "測試\u3000流程": "測試\u3000流程", "\xff": "\xff",
		"❤\ufe0f": "❤", "a\ufe0fb": "ab", "葛\U000e0100": "葛", "1\ufe0f\u20e3": "1\u20e3", "e\ufe0f\u0301": "é",
		"ᠠ\u180b": "ᠠ", "അവന്\u200d": "അവൻ", "❤\ufe0f\u200d🔥": "❤\u200d🔥", "a \ufe0f": "a",
	} {
		if got := spelling.Clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFault_IsNoneForGoodNames(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Größe", "測試 流程", "مرحبا بالعالم", "می\u200cخواهم", "क्\u200dष", "क्\u200cष", "ක්\u200dරී", "山田 👩\u200d💻",
		"👩\u200d👩\u200d👧\u200d👦", "👨\u200d👦", "🧑\u200d🧑\u200d🧒", "❤\ufe0f\u200d🔥", "👨🏽\u200d🚀", "1\ufe0f\u20e3",
		"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "👩🏻\u200d🤝\u200d👨🏿", "👩\u200d❤\ufe0f\u200d💋\u200d👨",
		"🏳\ufe0f\u200d🌈", "🏃🏽\u200d♀\ufe0f\u200d➡\ufe0f", "👁\ufe0f\u200d🗨\ufe0f", "👩\u200d⚕\ufe0f", "🐕\u200d🦺",
		"\U0001fae9", "葛\U000e0100", "كِتَاب\u200cها", "🧑\u200d💻🧑\u200d💻",
	} {
		text = spelling.Clean(text)
		if got := spelling.Fault(text); got != "" {
			t.Errorf("%q: got %q, want none", text, got)
		}
	}
}

func TestFault_FindsWhatIsNotSeen(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a\x00", "a\nb", "a\x1b[31m", "a\u0085b", "a\u2028b", "\xff", "a\u202eb", "a\u2066b", "a\u200eb", "a\u061cb",
		"a\u200bb", "a\u200db", "a\u200cb", "\u200da", "a\u200d", "a\ufeffb", "a\u00adb", "a\u034fb", "a\u115fb", "a\u3164b",
		"a\uffa0b", "a\u2060b", "a\ufe0fb", "a\u2800", "a\U000e0067", "a\u180eb", "ب\u200c\u200cب", "ب\u200c",
		// A joiner that changes nothing: between letters that do not join, that join anyway, or behind a sign that is seen.
		"ا\u200cب", "ب\u200dب", "ب\u200dا", "ப்\u200cப", "क\u200dष", "क्\u200d", "क्\u200c ष", "ක්\u200cෂ", "က်\u200cက",
		// Emoji that are not one, and flags of nowhere.
		"🍎\u200d🍎", "★\u200d★", "👨\u200d👨", "👩\u200d👩\u200d👩\u200d👧", "👦\u200d👩", "👩\u200d🍎", "a\u200d💻", "👩\u200d",
		"🏴\U000e0067\U000e0062", "🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e007f", "👍\U000e0067\U000e007f",
	} {
		if spelling.Fault(text) == "" {
			t.Errorf("%q: got no fault", text)
		}
		if spelling.IsClean(text) {
			t.Errorf("%q is clean", text)
		}
	}
	for _, text := range []string{" key:k1", "e\u0301", "a\u00a0b", "a "} {
		if spelling.IsClean(text) {
			t.Errorf("%q is clean", text)
		}
	}
}

func TestClean_IsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once := spelling.Clean(rapid.String().Draw(t, "text"))
		if twice := spelling.Clean(once); twice != once {
			t.Errorf("got %q, then %q", once, twice)
		}
	})
}

func TestScrub_LeavesNoFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"soft\u200bware": "software", "\u202ecrm": "crm", "a\nb": "a b", "a\x00b": "a b", "می\u200cخواهم": "می\u200cخواهم",
		"👩\u200d💻": "👩\u200d💻", "ب\u200c\u200cب": "بب", "\xffa": "a", "e\u0301": "é", "soft\u00adware": "software",
	} {
		if got := spelling.Scrub(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		odd := rapid.SampledFrom([]rune("\u200c\u200d\u202e\ufe0f🏴\U000e0067ب👩\x00"))
		text := string(rapid.SliceOf(rapid.OneOf(rapid.Rune(), odd)).Draw(t, "text"))
		scrubbed := spelling.Scrub(text)
		if fault := spelling.Fault(scrubbed); fault != "" || spelling.Scrub(scrubbed) != scrubbed {
			t.Errorf("%q: got %q, which must %s", text, scrubbed, fault)
		}
	})
}
