package sandbox

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
)

// expandForms are the phrases that are related to a selected one; %s is the selected one.
var expandForms = []struct{ before, after, intent string }{
	{"", " for beginners", "INFORMATIONAL"},
	{"guide to ", "", "INFORMATIONAL"},
	{"best ", "", "COMMERCIAL"},
	{"", " examples", "INFORMATIONAL"},
	{"", " cost", "TRANSACTIONAL"},
}

// expandAnswer names phrases that are related to the selected ones, at most 80.
func expandAnswer(random *rand.Rand, messages []message) phrases {
	var data struct {
		Selected []string `json:"selected"`
	}
	for _, m := range messages {
		if m.Role == "user" && json.Unmarshal([]byte(m.Content), &data) == nil {
			break
		}
	}
	answer := phrases{Keywords: []phrase{}}
	for _, form := range expandForms {
		for _, selected := range data.Selected {
			if len(answer.Keywords) == 80 {
				break
			}
			text := strings.TrimSpace(form.before + first(strings.ToLower(selected), 150) + form.after)
			answer.Keywords = append(answer.Keywords, phrase{Text: text, Intent: form.intent})
		}
	}
	random.Shuffle(len(answer.Keywords), func(i, j int) {
		answer.Keywords[i], answer.Keywords[j] = answer.Keywords[j], answer.Keywords[i]
	})
	return answer
}
