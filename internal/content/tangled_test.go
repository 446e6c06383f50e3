package content_test

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/content"
)

func TestIsTangled(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                              false,
		strings.Repeat("[a](", 500):     false,
		strings.Repeat("[a](", 501):     true,
		strings.Repeat("*a_\n", 251):    true,
		strings.Repeat("> ", 501):       true,
		strings.Repeat("1. ", 501):      true,
		strings.Repeat("*a*\n\n", 9999): false,
		strings.Repeat("word ", 9999):   false,
	} {
		if got := content.IsTangled(text); got != want {
			t.Errorf("%.20q of %d bytes: got %t, want %t", text, len(text), got, want)
		}
	}
}
