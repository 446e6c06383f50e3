package workflow_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

func TestCleanName_ReturnsTheOneSpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a":                                  "a",
		" \t\nSpring  launch\u00a0":          "Spring launch",
		"Größe":                              "Größe",
		"測試 流程":                              "測試 流程",
		"مرحبا بالعالم":                      "مرحبا بالعالم",
		"👩‍👩‍👧‍👦 family":                     "👩‍👩‍👧‍👦 family",       // joined by U+200D, which is invisible by itself
		"\U0001fae9\U0001faff":               "\U0001fae9\U0001faff", // newer than the tables, or not assigned at all
		"e\u0301":                            "é",                    // One spelling of the same letter.
		"Spring\u00a0launch":                 "Spring launch",
		"𝔘𝔫𝔦𝔠𝔬𝔡𝔢":                            "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
		strings.Repeat("👍", 200):             strings.Repeat("👍", 200),
		" " + strings.Repeat("x", 200) + " ": strings.Repeat("x", 200),
		"'; DROP TABLE workflows; --":        "'; DROP TABLE workflows; --",
	} {
		got, err := workflow.CleanName([]string{"name"}, text)
		if got != want || err != nil {
			t.Errorf("CleanName(%q): got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestCleanName_RefusesBadNamesWithTheirField(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"Empty":         "",
		"Blank":         " \t\n\u00a0\u3000",
		"Invisible":     "\u200b\u200d\ufeff",
		"TooLong":       strings.Repeat("x", 201),
		"TooLongBytes":  strings.Repeat("👍", 201),
		"NUL":           "a\x00b",
		"ALineBreak":    "a\nb",
		"AnEscape":      "a\x1b[31mb",
		"C1Control":     "a\u0085b",
		"LineSeparator": "a\u2028b",
		"BrokenUTF8":    "a\xffb",
		"HalfACouple":   "a\xed\xa0\x80b",
		"NoWidth":       "Spring\u200blaunch",
		"AJoiner":       "Spring\u200dlaunch",
		"ASoftHyphen":   "Spring\u00adlaunch",
		"AFiller":       "Spring\u3164",
		"AMark":         "Spring\u200e",
		"Override":      "invoice\u202efdp.exe",
		"Isolate":       "a\u2066b\u2069",
		"Embedding":     "a\u202ab\u202c",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			field := []string{"company", "name"}
			got, err := workflow.CleanName(field, text)
			if got != "" || fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("got %q, %v, want INVALID_INPUT", got, err)
			}
			if diff := cmp.Diff(field, fault.FieldOf(err)); diff != "" {
				t.Errorf("field (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCleanName_IsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		once, err := workflow.CleanName(nil, rapid.String().Draw(t, "text"))
		if err != nil {
			return
		}
		if twice, err := workflow.CleanName(nil, once); twice != once || err != nil {
			t.Errorf("CleanName(%q): got %q, %v, want the same", once, twice, err)
		}
	})
}

func TestCheckURL_AcceptsAbsoluteHTTPAddresses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"https://example.com",
		"http://example.com/",
		"HTTPS://Example.COM/a?b=c#d",
		"https://example.com:8443/path",
		"https://例え.jp/道",
		"https://example.ir/می\u200cخواهم", // with a joiner, as Persian is written
		"https://xn--r8jz45g.jp",
		"http://[2001:db8::1]:80/",
		"https://www.linkedin.com/company/infin8/?a=%20",
		"https://example.com/" + strings.Repeat("x", 2048-len("https://example.com/")),
	} {
		if err := workflow.CheckURL([]string{"url"}, text); err != nil {
			t.Errorf("CheckURL(%q): got %v, want nil", text, err)
		}
	}
}

func TestCheckURL_RefusesBadAddressesWithTheirField(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"Empty":         "",
		"NoScheme":      "example.com",
		"NoHost":        "https://",
		"OnlyAPort":     "https://:443/",
		"OnlyAPath":     "/company",
		"SchemeOnly":    "//example.com/a",
		"Opaque":        "https:example.com",
		"OtherScheme":   "ftp://example.com",
		"Script":        "javascript:alert(1)",
		"File":          "file:///etc/passwd",
		"Credentials":   "https://alice:secret@example.com",
		"UserOnly":      "https://alice@example.com",
		"SpaceInHost":   "https://exam ple.com",
		"SpaceInPath":   "https://example.com/a b",
		"SpaceAround":   " https://example.com",
		"ALineBreak":    "https://example.com/\n",
		"NUL":           "https://example.com/\x00",
		"LineSeparator": "https://example.com/\u2028",
		"Backslash":     `https:\\example.com`,
		"BrokenEscape":  "https://example.com/%zz",
		"BrokenUTF8":    "https://example.com/\xff",
		"PortZero":      "https://example.com:0/",
		"PortTooHigh":   "https://example.com:65536/",
		"PortAsWord":    "https://example.com:https/",
		"BrokenIPv6":    "http://[::1/",
		"TooLong":       "https://example.com/" + strings.Repeat("x", 2049-len("https://example.com/")),
		"TooLongInUTF8": "https://example.com/" + strings.Repeat("道", 700),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			field := []string{"company", "url"}
			err := workflow.CheckURL(field, text)
			if fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("CheckURL(%q): got %v, want INVALID_INPUT", text, err)
			}
			if diff := cmp.Diff(field, fault.FieldOf(err)); diff != "" {
				t.Errorf("field (-want +got):\n%s", diff)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the message repeats a password: %v", err)
			}
		})
	}
}
