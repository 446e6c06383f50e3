package gqlhttp

import (
	"container/list"
	"sync"
)

const (
	// cachedOperations is how many operations are remembered of each kind.
	cachedOperations = 512
	// maxCachedOperation keeps long operations out, so that all texts together have at most 8 MiB.
	maxCachedOperation = 16 << 10
)

// recent remembers values by a text, those that were used last.
type recent[V any] struct {
	mu      sync.Mutex
	byKey   map[string]*list.Element
	recency list.List // of remembered[V], the last used in front
}

type remembered[V any] struct {
	key   string
	value V
}

func newRecent[V any]() *recent[V] { return &recent[V]{byKey: map[string]*list.Element{}} }

// get returns the value that was put under the key, if it was not forgotten.
func (r *recent[V]) get(key string) (value V, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, found := r.byKey[key]
	if !found {
		return value, false
	}
	r.recency.MoveToFront(element)
	return element.Value.(remembered[V]).value, true
}

// put remembers a value, and forgets the one that was not used for the longest time if there are too many. What is
// remembered already stays as it is.
func (r *recent[V]) put(key string, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, found := r.byKey[key]; found {
		return
	}
	r.byKey[key] = r.recency.PushFront(remembered[V]{key, value})
	if r.recency.Len() > cachedOperations {
		oldest := r.recency.Remove(r.recency.Back()).(remembered[V])
		delete(r.byKey, oldest.key)
	}
}
