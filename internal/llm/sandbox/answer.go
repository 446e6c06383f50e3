package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"strings"
)

// The longest name and address in an answer, in characters. With them an answer stays within the 700 tokens of the
// engine's requests.
const (
	maxNameCharacters = 200
	maxURLCharacters  = 200
)

// The patterns of a company's name in a request: a JSON field, a tag, a labelled line. The last resort is the address.
var (
	namePatterns = []*regexp.Regexp{
		regexp.MustCompile(`(?i)"company[ _]?name"\s*:\s*("(?:[^"\\]|\\.)+")`),
		regexp.MustCompile(`(?i)"(?:company|name)"\s*:\s*("(?:[^"\\]|\\.)+")`),
		regexp.MustCompile(`(?is)<(?:company[ _-]?name|company|name)>\s*([^<]+?)\s*</`),
		regexp.MustCompile(`(?im)^[\s>*#-]*(?:company(?:'s)?[ _]?name|company|name)[\s*]*[:=][\s*]*(.+)$`),
	}
	urlField   = regexp.MustCompile(`(?i)"(?:company[ _]?url|url|website)"\s*:\s*("(?:[^"\\]|\\.)+")`)
	urlPattern = regexp.MustCompile(`https?://[^\s"'<>()\[\]{}\\]+`)
)

// The words of the answers.
var (
	industries = []string{
		"Software", "Financial services", "Healthcare", "Manufacturing", "Retail", "Logistics", "Education",
		"Professional services", "Energy", "Telecommunications", "Media", "Construction",
	}
	roles = []string{
		"Chief financial officer", "Head of operations", "Chief marketing officer", "Chief technology officer",
		"Head of procurement", "Content lead", "Head of sales", "Product manager", "Managing director",
		"Head of customer success",
	}
	pains = []string{
		"Spending grows faster than the reasons for it",
		"Decisions wait for reports that arrive too late",
		"Tools do not talk to each other, so people copy by hand",
		"New customers cost more every quarter",
		"Audits take weeks because records are scattered",
		"Good content is slow to make and hard to measure",
		"Small teams carry the work of large ones",
		"Promises to customers are hard to keep at scale",
	}
)

// icp is the ideal customer profile of the engine's requests.
type icp struct {
	Industries       []string `json:"industries"`
	BuyerRoles       []string `json:"buyerRoles"`
	PainPoints       []string `json:"painPoints"`
	ValueProposition string   `json:"valueProposition"`
}

// answer returns strict JSON in the form that the request's schema names; an ideal customer profile without a schema.
// The words come from the request and from the seed.
func (s *Sandbox) answer(q chatRequest, f Injection) string {
	name, url := subject(q.Messages)
	switch f.Kind {
	case InjectionEmpty:
		return ""
	case InjectionUnreadableJSON:
		return fmt.Sprintf("Sandbox answer: there is much to tell about %s, but this is prose, and {\"half\": ", name)
	}
	random := rand.New(rand.NewPCG(s.seed, hashOf(name, url))) //nolint:gosec // Repeatable on purpose.
	var value any
	switch q.Format.Schema.Name {
	case "competitors":
		value = rivalsAnswer(random, q.Messages)
	case "phrases":
		value = phrasesAnswer(random, q.Messages)
	case "brief":
		value = briefAnswer(random, q.Messages)
	case "expand":
		value = expandAnswer(random, q.Messages)
	default:
		written, is := articleAnswer(q.Format.Schema.Name, random, q.Messages, f.Kind == InjectionInventCitation)
		if value = written; !is {
			value = icpAnswer(random, name, url)
		}
	}
	text := encode(value)
	if f.Kind == InjectionFencedJSON {
		return "```json\n" + text + "\n```"
	}
	return text
}

func icpAnswer(random *rand.Rand, name, url string) icp {
	return icp{
		Industries: pick(random, industries, 3),
		BuyerRoles: pick(random, roles, 3),
		PainPoints: pick(random, pains, 3),
		ValueProposition: fmt.Sprintf(
			"%s (%s) gives its customers one place to work and one record to trust. (Sandbox: no model was asked.)",
			name, url),
	}
}

// subject returns the company of the request. A missing name is replaced by the address, a missing address by a dash.
func subject(messages []message) (name, url string) {
	var text strings.Builder
	for _, m := range messages {
		if m.Role == "user" {
			text.WriteString(string(m.Content))
			text.WriteString("\n")
		}
	}
	words := text.String()
	if found := urlField.FindStringSubmatch(words); found != nil {
		url = unquote(found[1])
	} else {
		url = strings.TrimRight(urlPattern.FindString(words), ".,;:!?")
	}
	for _, pattern := range namePatterns {
		if found := pattern.FindStringSubmatch(words); found != nil {
			name = unquote(strings.TrimSpace(found[1]))
			break
		}
	}
	if name == "" {
		name = url
	}
	return orDash(first(name, maxNameCharacters)), orDash(first(url, maxURLCharacters))
}

// unquote decodes a JSON string, and returns any other text unchanged.
func unquote(text string) string {
	var plain string
	if json.Unmarshal([]byte(text), &plain) == nil {
		return plain
	}
	return text
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func first(text string, characters int) string {
	if runes := []rune(text); len(runes) > characters {
		return string(runes[:characters])
	}
	return text
}

func hashOf(parts ...string) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		_, _ = h.Write([]byte(part))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// pick chooses n of the words, in random order.
func pick(random *rand.Rand, words []string, n int) []string {
	chosen := make([]string, n)
	for i, at := range random.Perm(len(words))[:n] {
		chosen[i] = words[at]
	}
	return chosen
}

func encode(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("sandbox: " + err.Error()) // Strings and numbers always encode.
	}
	return strings.TrimSpace(out.String())
}
