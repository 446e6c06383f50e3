package sandbox

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// phraseCount is how many search phrases an answer has.
const phraseCount = 30

// phraseForms are the search phrases; %s is an industry of the customer profile.
var phraseForms = []struct{ text, intent string }{
	{"%s software comparison", "COMMERCIAL"},
	{"best %s software", "COMMERCIAL"},
	{"%s reporting tool", "COMMERCIAL"},
	{"%s software pricing", "TRANSACTIONAL"},
	{"buy %s platform", "TRANSACTIONAL"},
	{"how to plan %s content", "INFORMATIONAL"},
	{"how to measure %s results", "INFORMATIONAL"},
	{"%s checklist for small teams", "INFORMATIONAL"},
	{"what is %s automation", "INFORMATIONAL"},
	{"%s audit checklist", "INFORMATIONAL"},
}

type phrase struct {
	Text   string `json:"text"`
	Intent string `json:"intent"`
}

type phrases struct {
	Keywords []phrase `json:"keywords"`
}

// phrasesAnswer names search phrases for the industries of the profile in the request, or for some of its own.
func phrasesAnswer(random *rand.Rand, messages []message) phrases {
	subjects := profileOf(messages).Industries
	if len(subjects) == 0 {
		subjects = pick(random, industries, 3)
	}
	var answer phrases
	for i := 0; len(answer.Keywords) < phraseCount && i < len(phraseForms)*len(subjects); i++ {
		form := phraseForms[i%len(phraseForms)]
		subject := strings.ToLower(subjects[i/len(phraseForms)])
		answer.Keywords = append(answer.Keywords, phrase{Text: fmt.Sprintf(form.text, subject), Intent: form.intent})
	}
	random.Shuffle(len(answer.Keywords), func(i, j int) {
		answer.Keywords[i], answer.Keywords[j] = answer.Keywords[j], answer.Keywords[i]
	})
	return answer
}

// profileOf returns the ideal customer profile that a request quotes; an empty one when it quotes none.
func profileOf(messages []message) icp {
	var data struct {
		Profile icp `json:"idealCustomerProfile"`
	}
	for _, m := range messages {
		if m.Role == "user" && json.Unmarshal([]byte(m.Content), &data) == nil {
			break
		}
	}
	return data.Profile
}
