package steps

import (
	"encoding/json"
	"fmt"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/crawl"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// The bounds of what a request about an article quotes. With them it stays within the sizes of the forecast.
const (
	quotedPhrases   = 6
	quotedTitles    = 6
	quotedLine      = 120 // bytes of a keyword, a title or a line of the profile
	quotedQuestion  = 160
	quotedAngle     = 500
	quotedFeedback  = 2000
	quotedRules     = 5 // of the brand, of each kind
	quotedRule      = 100
	quotedVoice     = 200
	quotedBanned    = 20
	quotedBannedOne = 30
	quotedExamples  = 400
	profileLines    = 3
	articleWarmth   = 0.5
	articleLanguage = "en"
)

// articleData is what every request about an article quotes.
type articleData struct {
	Company  string       `json:"company"`
	Language string       `json:"language"`
	Profile  *profileData `json:"idealCustomerProfile,omitempty"`
	Brief    briefData    `json:"brief"`
	Brand    *brandData   `json:"brandVoice,omitempty"`
	// Others are the titles of articles that are written besides.
	Others   []string `json:"otherArticles,omitempty"`
	Feedback string   `json:"reviewerFeedback,omitempty"`
}

type profileData struct {
	Buyers []string `json:"buyerRoles"`
	Pains  []string `json:"painPoints"`
	Value  string   `json:"valueProposition"`
}

type briefData struct {
	Title     string   `json:"title"`
	Angle     string   `json:"angle"`
	Format    string   `json:"format"`
	Intent    string   `json:"intent"`
	Keyword   string   `json:"primaryKeyword"`
	Keywords  []string `json:"secondaryKeywords"`
	Questions []string `json:"questions"`
	MustAvoid []string `json:"mustAvoid"`
}

// brandData is the brand voice as far as it fits. The checks have all banned words.
type brandData struct {
	Tone     string   `json:"tone,omitempty"`
	Audience string   `json:"audience,omitempty"`
	Do       []string `json:"do,omitempty"`
	Dont     []string `json:"dont,omitempty"`
	Banned   []string `json:"bannedWords,omitempty"`
	Examples string   `json:"examples,omitempty"`
}

func (w *writing) brand() *brandData {
	if w.Brand.Version < 0 {
		return nil
	}
	return &brandData{
		Tone:     crawl.Clean(w.Brand.Tone, quotedVoice),
		Audience: crawl.Clean(w.Brand.Audience, quotedVoice),
		Do:       lines(w.Brand.Do, quotedRules, quotedRule),
		Dont:     lines(w.Brand.Dont, quotedRules, quotedRule),
		Banned:   lines(w.Brand.Banned, quotedBanned, quotedBannedOne),
		Examples: crawl.Clean(w.Brand.Examples, quotedExamples),
	}
}

func (w *writing) data() articleData {
	b := w.Article.Brief
	data := articleData{
		Company:  crawl.Clean(w.flow.Company.Name, quotedLine),
		Language: w.language(),
		Profile:  profileDataOf(w.Profile),
		Brief: briefData{
			Title:     crawl.Clean(b.Title, 2*quotedLine),
			Angle:     crawl.Clean(b.Angle, quotedAngle),
			Format:    b.Format,
			Intent:    string(b.Intent),
			Keyword:   crawl.Clean(b.PrimaryKeyword, quotedLine),
			Keywords:  lines(b.SecondaryKeywords, quotedPhrases, quotedLine),
			Questions: lines(b.Questions, content.MostQuestions, quotedQuestion),
			MustAvoid: lines(b.MustAvoid, quotedPhrases, quotedLine),
		},
		Brand:    w.brand(),
		Others:   lines(w.Others, quotedTitles, quotedLine),
		Feedback: crawl.Clean(w.Feedback, quotedFeedback),
	}
	return data
}

// language is the language of the text, as the market names it.
func (w *writing) language() string {
	if w.Market.LanguageCode == "" {
		return articleLanguage
	}
	return w.Market.LanguageCode
}

func profileDataOf(p *workflow.ICP) *profileData {
	if p == nil {
		return nil
	}
	return &profileData{
		Buyers: lines(p.BuyerRoles, profileLines, quotedLine),
		Pains:  lines(p.PainPoints, profileLines, quotedLine),
		Value:  crawl.Clean(p.ValueProposition, 2*quotedLine),
	}
}

// lines returns the first texts, each cut to a number of bytes.
func lines(texts []string, most, bytes int) []string {
	cut := []string{}
	for _, text := range texts[:min(len(texts), most)] {
		cut = append(cut, crawl.Clean(text, bytes))
	}
	return cut
}

// articleQuestion is one request about an article: a system message and quoted data.
type articleQuestion struct {
	kind      string // of the part
	system    string
	data      any
	schema    *llm.Schema
	maxTokens int64
	read      func(text string) ([]byte, error)
}

// request returns the part's key and the question. The key depends on everything that the answer is made from.
func (w *writing) request(q articleQuestion) (key string, asked question, err error) {
	data, err := quote(q.data)
	if err != nil {
		return "", question{}, err
	}
	messages := []llm.Message{{Role: "system", Content: q.system}, {Role: "user", Content: data}}
	return w.key(q.kind, q.system+"\n"+data), question{
		request: llm.Request{
			Models:      w.options.Models.Of(workflow.StepArticle),
			Messages:    messages,
			MaxTokens:   q.maxTokens,
			Temperature: articleWarmth,
			Schema:      q.schema,
		},
		read: q.read,
	}, nil
}

// answerTo returns the checked answer to a question: the one that is there, or a new one.
func answerTo[T any](ask func() ([]byte, error)) (answer T, err error) {
	kept, err := ask()
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(kept, &answer); err != nil {
		return answer, fmt.Errorf("read a kept answer: %w", err)
	}
	return answer, nil
}
