package workflow

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/spelling"
)

// Limits of what a client may write.
const (
	MaxNameCharacters = 200
	MaxURLBytes       = 2048
)

// CleanName returns the name in the spelling of package spelling. It must then have 1 to 200 characters, one of them
// visible, and no control characters or line breaks, nor those that turn the direction of writing. Otherwise the error
// is INVALID_INPUT about field.
func CleanName(field []string, text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", fault.Invalid(field, "The name must be valid UTF-8 text.")
	}
	name := spelling.Clean(text)
	switch {
	case !strings.ContainsFunc(name, visible):
		return "", fault.Invalid(field, "The name must not be empty.")
	case utf8.RuneCountInString(name) > MaxNameCharacters:
		return "", fault.Invalid(field, "The name must have at most %d characters.", MaxNameCharacters)
	}
	if wrong := spelling.Fault(name); wrong != "" {
		return "", fault.Invalid(field, "The name must %s.", wrong)
	}
	return name, nil
}

// CheckURL returns nil when text is an absolute http or https address with a host, of at most 2048 bytes, without
// credentials, white space and control characters. Otherwise the error is INVALID_INPUT about field. Nothing is
// fetched, and nothing is changed: letters of any script may stand in it unescaped.
func CheckURL(field []string, text string) error {
	if len(text) > MaxURLBytes {
		return fault.Invalid(field, "The URL must have at most %d bytes.", MaxURLBytes)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, blank) {
		return fault.Invalid(field, "The URL must not contain white space, control characters or broken text.")
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" {
		return fault.Invalid(field, "The URL must be absolute and begin with http:// or https://.")
	}
	if address.User != nil {
		return fault.Invalid(field, "The URL must not contain a user name or a password.")
	}
	if port := address.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fault.Invalid(field, "The port of the URL must be a number from 1 to 65535.")
		}
	}
	return nil
}

// blank reports white space, all line breaks among it, and control characters.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// visible reports a character that leaves a mark. Characters that are newer than this version of Go do: they are
// next year's emoji.
func visible(r rune) bool { return !blank(r) && !unicode.Is(unicode.Cf, r) }
