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

// siteForms are the search phrases for a phrase of a website.
var siteForms = []struct{ text, intent string }{
	{"%s", "INFORMATIONAL"},
	{"best %s", "COMMERCIAL"},
	{"%s cost", "TRANSACTIONAL"},
}

// analysisRequest is what a request of the competitor analysis quotes.
type analysisRequest struct {
	Website string `json:"website"`
	Profile icp    `json:"idealCustomerProfile"`
	Site    struct {
		Domain  string   `json:"domain"`
		Phrases []string `json:"frequentPhrases"`
	} `json:"competitorWebsite"`
}

// phrasesAnswer names search phrases: from the phrases of a website in the request, else for the industries of its
// profile, else for some of its own.
func phrasesAnswer(random *rand.Rand, messages []message) phrases {
	request := analysisOf(messages)
	forms, subjects := phraseForms, request.Profile.Industries
	if len(request.Site.Phrases) > 0 {
		forms, subjects = siteForms, request.Site.Phrases
	}
	if len(subjects) == 0 {
		subjects = pick(random, industries, 3)
	}
	var answer phrases
	for i := 0; len(answer.Keywords) < phraseCount && i < len(forms)*len(subjects); i++ {
		form := forms[i%len(forms)]
		subject := strings.ToLower(subjects[i/len(forms)])
		answer.Keywords = append(answer.Keywords, phrase{Text: fmt.Sprintf(form.text, subject), Intent: form.intent})
	}
	random.Shuffle(len(answer.Keywords), func(i, j int) {
		answer.Keywords[i], answer.Keywords[j] = answer.Keywords[j], answer.Keywords[i]
	})
	return answer
}

// analysisOf returns what a request quotes; nothing when it quotes nothing.
func analysisOf(messages []message) (request analysisRequest) {
	for _, m := range messages {
		if m.Role == "user" && json.Unmarshal([]byte(m.Content), &request) == nil {
			break
		}
	}
	return request
}

// rivalNames are the second parts of the domains of proposed competitors.
var rivalNames = []string{"hub", "works", "partner", "systems", "direct", "studio", "group", "labs"}

type proposedRival struct {
	Domain string `json:"domain"`
}

type proposedRivals struct {
	Competitors []proposedRival `json:"competitors"`
}

// rivalsAnswer proposes domains under .example, which only the sandbox serves. The first two are no competitors: a
// marketplace, and a domain that does not exist.
func rivalsAnswer(random *rand.Rand, messages []message) proposedRivals {
	answer := proposedRivals{[]proposedRival{{"amazon.com"}, {"absent.example"}}}
	subjects := analysisOf(messages).Profile.Industries
	if len(subjects) == 0 {
		subjects = industries
	}
	for i, at := range random.Perm(len(rivalNames))[:5] {
		subject := strings.ReplaceAll(strings.ToLower(subjects[i%len(subjects)]), " ", "-")
		answer.Competitors = append(answer.Competitors, proposedRival{subject + "-" + rivalNames[at] + ".example"})
	}
	return answer
}
