package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// brief is the brief of one article in the engine's requests.
type brief struct {
	Title             string   `json:"title"`
	Angle             string   `json:"angle"`
	Intent            string   `json:"intent"`
	Format            string   `json:"format"`
	TargetWords       int      `json:"targetWords"`
	PrimaryKeyword    string   `json:"primaryKeyword"`
	SecondaryKeywords []string `json:"secondaryKeywords"`
	Questions         []string `json:"questions"`
	MustAvoid         []string `json:"mustAvoid"`
}

// briefAnswer writes the brief of an article for the keywords in the request.
func briefAnswer(random *rand.Rand, messages []message) brief {
	var data struct {
		Keywords []string `json:"keywords"`
		Intent   string   `json:"intent"`
		Others   []string `json:"otherArticles"`
	}
	for _, m := range messages {
		if m.Role == "user" && json.Unmarshal([]byte(m.Content), &data) == nil {
			break
		}
	}
	primary := "the subject"
	if len(data.Keywords) > 0 {
		primary = first(data.Keywords[0], 100)
	}
	if data.Intent == "" {
		data.Intent = "INFORMATIONAL"
	}
	answer := brief{
		Title:             fmt.Sprintf("%s: %s", primary, pick(random, briefForms, 1)[0]),
		Angle:             "It shows one way from the question to the decision. (Sandbox: no model was asked.)",
		Intent:            data.Intent,
		Format:            pick(random, []string{"guide", "comparison", "checklist"}, 1)[0],
		TargetWords:       1000 + 100*random.IntN(10),
		PrimaryKeyword:    primary,
		SecondaryKeywords: []string{},
		Questions: []string{
			fmt.Sprintf("What is %s?", primary), fmt.Sprintf("What does %s cost?", primary),
			fmt.Sprintf("Who needs %s?", primary),
		},
		MustAvoid: []string{},
	}
	for _, k := range data.Keywords[min(1, len(data.Keywords)):] {
		answer.SecondaryKeywords = append(answer.SecondaryKeywords, first(k, 100))
	}
	for _, other := range data.Others {
		answer.MustAvoid = append(answer.MustAvoid, first(other, 100))
	}
	return answer
}

var briefForms = []string{"what to know before you decide", "a practical guide", "how teams choose", "the short answer"}
