package graph

import (
	"container/list"
	"context"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	cachedOperations = 512
	// maxCachedOperation keeps long operations out, so that all texts together have at most 8 MiB.
	maxCachedOperation = 16 << 10
)

// operations keeps operations parsed and validated, those that were used last.
type operations struct {
	mu      sync.Mutex
	byText  map[string]*list.Element
	recency list.List // of parsedOperation, the last used in front
}

type parsedOperation struct {
	text     string
	document *ast.QueryDocument
}

func newOperations() *operations { return &operations{byText: map[string]*list.Element{}} }

// Get returns the operation with this text.
func (o *operations) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	element, found := o.byText[text]
	if !found {
		return nil, false
	}
	o.recency.MoveToFront(element)
	return element.Value.(parsedOperation).document, true
}

// Add keeps the operation if it is short, and forgets the one that was not used for the longest time if there are too
// many.
func (o *operations) Add(_ context.Context, text string, document *ast.QueryDocument) {
	if len(text) > maxCachedOperation {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, found := o.byText[text]; found {
		return
	}
	o.byText[text] = o.recency.PushFront(parsedOperation{text, document})
	if o.recency.Len() > cachedOperations {
		oldest := o.recency.Remove(o.recency.Back()).(parsedOperation)
		delete(o.byText, oldest.text)
	}
}
