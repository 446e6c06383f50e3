package gqlhttp

import (
	"container/list"
	"sync"
)

const (
	// lruEntries is the number of operations that an lru keeps.
	lruEntries = 512
	// maxCachedBytes keeps long operations out of an lru, so that all its texts together have at most 8 MiB.
	maxCachedBytes = 16 << 10
)

// lru keeps the values that were used last, by a text. It is safe for concurrent use.
type lru[V any] struct {
	mu      sync.Mutex
	byText  map[string]*list.Element
	recency list.List // of lruEntry[V], the last used in front
}

type lruEntry[V any] struct {
	text  string
	value V
}

func newLRU[V any]() *lru[V] { return &lru[V]{byText: map[string]*list.Element{}} }

// get returns the value of a text.
func (l *lru[V]) get(text string) (value V, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, found := l.byText[text]
	if !found {
		return value, false
	}
	l.recency.MoveToFront(element)
	return element.Value.(lruEntry[V]).value, true
}

// put adds a value and removes the least recently used one if there are too many. It does not replace a value.
func (l *lru[V]) put(text string, value V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, found := l.byText[text]; found {
		return
	}
	l.byText[text] = l.recency.PushFront(lruEntry[V]{text, value})
	if l.recency.Len() > lruEntries {
		oldest := l.recency.Remove(l.recency.Back()).(lruEntry[V])
		delete(l.byText, oldest.text)
	}
}
