package sealed_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/infin8content/engine/internal/sealed"
)

const secret = "0123456789abcdef0123456789abcdef"

func box(t *testing.T, secret, purpose string) *sealed.Box {
	t.Helper()
	b, err := sealed.NewBox(secret, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBox(t *testing.T) {
	t.Parallel()
	b := box(t, secret, "publish targets")
	text := b.Seal("org target", "application password")
	if bytes.Contains(text, []byte("password")) {
		t.Error("the sealed text has the secret in it")
	}
	if got, err := b.Open("org target", text); err != nil || got != "application password" {
		t.Errorf("got %q, %v", got, err)
	}
	if again := b.Seal("org target", "application password"); bytes.Equal(again, text) {
		t.Error("the same text twice: the nonce is not random")
	}
	for name, open := range map[string]func() (string, error){
		"AnotherContext": func() (string, error) { return b.Open("org other", text) },
		"AnotherPurpose": func() (string, error) { return box(t, secret, "other").Open("org target", text) },
		"AnotherSecret": func() (string, error) {
			return box(t, strings.ToUpper(secret), "publish targets").Open("org target", text)
		},
		"AnotherVersion": func() (string, error) { return b.Open("org target", append([]byte{2}, text[1:]...)) },
		"Cut":            func() (string, error) { return b.Open("org target", text[:len(text)-1]) },
		"Short":          func() (string, error) { return b.Open("org target", text[:5]) },
		"Empty":          func() (string, error) { return b.Open("org target", nil) },
	} {
		if got, err := open(); got != "" || !errors.Is(err, sealed.ErrOpen) {
			t.Errorf("%s: got %q, %v, want ErrOpen", name, got, err)
		}
	}
}

func TestNewBox_AShortSecretIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := sealed.NewBox(secret[1:], "publish targets"); err == nil || strings.Contains(err.Error(), secret[1:]) {
		t.Errorf("got %v, want an error that does not quote it", err)
	}
}

func TestBox_DigestRecognisesTheSameSecretOfOneContext(t *testing.T) {
	t.Parallel()
	b := box(t, secret, "publish targets")
	first := b.Digest("org", "application password")
	if b.Digest("org", "application password") != first || len(first) != 64 {
		t.Errorf("got %q twice, want one digest", first)
	}
	for name, other := range map[string]string{
		"AnotherText":    b.Digest("org", "application passwore"),
		"AnotherContext": b.Digest("org2", "application password"),
		"AnotherSplit":   b.Digest("orga", "pplication password"),
		"AnotherPurpose": box(t, secret, "other").Digest("org", "application password"),
		"AnotherSecret":  box(t, strings.ToUpper(secret), "publish targets").Digest("org", "application password"),
	} {
		if other == first {
			t.Errorf("%s: got the same digest", name)
		}
	}
}
