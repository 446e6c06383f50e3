package content

// The limits of a brand voice.
const (
	// MaxBrandText limits the tone and the audience, in characters.
	MaxBrandText = 500
	// MaxBrandRules limits the rules of one kind, and MaxBrandRule the characters of each.
	MaxBrandRules, MaxBrandRule = 20, 200
	// MaxBannedWords limits the banned words, and MaxBannedWord the characters of each.
	MaxBannedWords, MaxBannedWord = 100, 100
	// MaxBrandExamples limits the examples, in bytes.
	MaxBrandExamples = 2048
)

// Brand is how the articles of an organization sound. The zero value asks for nothing.
type Brand struct {
	// Tone is like "plain and friendly"; Audience is like "owners of small workshops".
	Tone     string `json:"tone,omitempty"`
	Audience string `json:"audience,omitempty"`
	// Do and Dont are rules for the writer.
	Do   []string `json:"do,omitempty"`
	Dont []string `json:"dont,omitempty"`
	// Banned are words and phrases that no article may have.
	Banned []string `json:"banned,omitempty"`
	// Examples are sentences in the voice of the brand.
	Examples string `json:"examples,omitempty"`
}
