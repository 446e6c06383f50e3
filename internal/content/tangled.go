package content

import (
	"regexp"
	"strings"
)

// maxBlockMarks limits the marks of Markdown between two empty lines. A parser takes time in the square of their
// number: 15 000 in one paragraph take 15 s, and 500 take 20 ms. A text that is meant to be read has a few.
const maxBlockMarks = 500

// blockMarks are the marks that nest or wait for an end: links, emphasis, HTML, quotes and items of lists.
var blockMarks = regexp.MustCompile(`[\[*_<>+]|[0-9][.)]`)

// IsTangled reports whether a block between two empty lines has more marks than a text that is meant to be read.
func IsTangled(markdown string) bool {
	marks := 0
	for line := range strings.Lines(markdown) {
		if strings.TrimSpace(line) == "" {
			marks = 0
			continue
		}
		if marks += len(blockMarks.FindAllStringIndex(line, maxBlockMarks+1)); marks > maxBlockMarks {
			return true
		}
	}
	return false
}
