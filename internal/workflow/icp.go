package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/strictjson"
)

// Limits of an ideal customer profile.
const (
	MaxICPItems           = 20
	MaxICPItemCharacters  = 200
	MaxICPValueCharacters = 2000
	// MaxICPAnswerBytes is more than the largest profile needs: 14 000 characters of 12 bytes when each is escaped.
	MaxICPAnswerBytes = 256 << 10
)

// ICP is an ideal customer profile: the result of the first step.
type ICP struct {
	Industries       []string `json:"industries"`
	BuyerRoles       []string `json:"buyerRoles"`
	PainPoints       []string `json:"painPoints"`
	ValueProposition string   `json:"valueProposition"`
}

// ParseICP reads a model's answer: one JSON object with exactly the four fields of ICP, each once and with the same
// spelling. White space or one ``` fence may surround it. Lists have 1 to 20 items of at most 200 characters, the
// value proposition at most 2000; none is empty after the white space around it, which is removed. The error
// describes the fault and quotes only the beginning of an unknown field's name.
func ParseICP(text string) (ICP, error) {
	if len(text) > MaxICPAnswerBytes {
		return ICP{}, fmt.Errorf("the answer has %d bytes, more than %d", len(text), MaxICPAnswerBytes)
	}
	if !utf8.ValidString(text) {
		return ICP{}, errors.New("the answer is not valid UTF-8")
	}
	body := unfence(strings.TrimSpace(text))
	if !json.Valid([]byte(body)) {
		return ICP{}, errors.New("the answer is not one JSON value")
	}
	fields, err := objectFields(body)
	if err != nil {
		return ICP{}, err
	}
	var profile ICP
	for _, list := range []struct {
		name string
		into *[]string
	}{
		{"industries", &profile.Industries},
		{"buyerRoles", &profile.BuyerRoles},
		{"painPoints", &profile.PainPoints},
	} {
		if *list.into, err = icpList(list.name, fields[list.name]); err != nil {
			return ICP{}, err
		}
	}
	const value = "valueProposition"
	if profile.ValueProposition, err = icpText(value, fields[value], MaxICPValueCharacters); err != nil {
		return ICP{}, err
	}
	return profile, nil
}

// unfence removes one ``` or ```json fence around the text. What is left of a fence that is not closed, or not around
// everything, is no JSON.
func unfence(text string) string {
	inner, opened := strings.CutPrefix(text, "```")
	if !opened {
		return text
	}
	inner, closed := strings.CutSuffix(inner, "```")
	if !closed {
		return text
	}
	if len(inner) >= 4 && strings.EqualFold(inner[:4], "json") {
		inner = inner[4:]
	}
	return strings.TrimSpace(inner)
}

// objectFields splits an object into the four fields. Decoding into a struct would accept names in other letters, and
// the last of two equal names.
func objectFields(body string) (map[string]json.RawMessage, error) {
	members, err := strictjson.Members([]byte(body))
	var twice *strictjson.DuplicateError
	switch {
	case errors.As(err, &twice):
		return nil, fmt.Errorf("the answer has the field %.40s twice", twice.Name)
	case err != nil:
		return nil, errors.New("the answer is not a JSON object")
	}
	fields := make(map[string]json.RawMessage, len(members))
	for _, member := range members {
		switch member.Name {
		case "industries", "buyerRoles", "painPoints", "valueProposition":
			fields[member.Name] = member.Value
		default:
			return nil, fmt.Errorf("the answer has the unknown field %.40q", member.Name)
		}
	}
	return fields, nil
}

func icpList(name string, value json.RawMessage) ([]string, error) {
	if value == nil {
		return nil, fmt.Errorf("the answer lacks the field %s", name)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, fmt.Errorf("%s is not a list", name)
	}
	if len(items) < 1 || len(items) > MaxICPItems {
		return nil, fmt.Errorf("%s has %d items, want 1 to %d", name, len(items), MaxICPItems)
	}
	texts := make([]string, len(items))
	for i, item := range items {
		var err error
		if texts[i], err = icpText(fmt.Sprintf("%s[%d]", name, i), item, MaxICPItemCharacters); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func icpText(name string, value json.RawMessage, limit int) (string, error) {
	if value == nil {
		return "", fmt.Errorf("the answer lacks the field %s", name)
	}
	var text *string // a pointer, so that null is not taken for ""
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return "", fmt.Errorf("%s is not a text", name)
	}
	trimmed := strings.TrimSpace(*text)
	switch {
	case !strings.ContainsFunc(trimmed, visible):
		return "", fmt.Errorf("%s is empty", name)
	case utf8.RuneCountInString(trimmed) > limit:
		return "", fmt.Errorf("%s has more than %d characters", name, limit)
	case strings.ContainsFunc(trimmed, unstorable):
		return "", fmt.Errorf("%s contains control characters", name)
	}
	return trimmed, nil
}

// unstorable reports the control characters that have no place in a text of several lines. PostgreSQL cannot store NUL.
func unstorable(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }
