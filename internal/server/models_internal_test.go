package server

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSettings_ChecksEveryListOfModels(t *testing.T) {
	t.Parallel()
	good := []string{"a/b", "a/c"}
	for name, c := range map[string]struct {
		change func(*Settings)
		says   string
	}{
		"Good":      {func(*Settings) {}, ""},
		"None":      {func(s *Settings) { s.ContentModels = nil }, "at least one model"},
		"Blank":     {func(s *Settings) { s.ICPModels = []string{"a/b", ""} }, "--icp-models"},
		"Space":     {func(s *Settings) { s.ArticleModels = []string{" a/b"} }, "--article-models"},
		"Twice":     {func(s *Settings) { s.ValidationModels = []string{"a/b", "a/b"} }, "--validation-models names a/b"},
		"TooMany":   {func(s *Settings) { s.ClusteringModels = strings.Split("a b c d e f g h i", " ") }, "at most 8"},
		"Exactly":   {func(s *Settings) { s.CompetitorModels = strings.Split("a b c d e f g h", " ") }, ""},
		"TooManyOf": {func(s *Settings) { s.ContentModels = slices.Repeat(good, 5) }, "--content-models"},
	} {
		s := Settings{ICPModels: good, ContentModels: good}
		c.change(&s)
		err := errors.Join(s.checkModels()...)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}
