package live

import (
	"sync"

	"github.com/google/uuid"
)

// owner names the workflow or the batch of a journal.
type owner struct{ organization, id uuid.UUID }

// registry has the journal tails with at least one follower, by workflow or batch.
type registry[T any] struct {
	mu    sync.Mutex
	tails map[uuid.UUID]*journalTail[T]
}

// acquire returns the tail of the journal of a workflow or a batch and counts a follower.
func (r *registry[T]) acquire(of owner, read readFunc[T]) *journalTail[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, found := r.tails[of.id]
	if !found {
		if r.tails == nil {
			r.tails = map[uuid.UUID]*journalTail[T]{}
		}
		t = newJournalTail(of.organization, read)
		r.tails[of.id] = t
	}
	t.followers++
	return t
}

// release removes a follower, and the tail with its last one.
func (r *registry[T]) release(id uuid.UUID, t *journalTail[T]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.followers--; t.followers == 0 {
		delete(r.tails, id)
	}
}

// notify passes a notification on to the workflow's tail, if there is one.
func (r *registry[T]) notify(id uuid.UUID, number int64) {
	r.mu.Lock()
	t := r.tails[id]
	r.mu.Unlock()
	if t != nil {
		t.notify(number)
	}
}

// addFollowed adds each followed workflow with its organization.
func (r *registry[T]) addFollowed(flows map[uuid.UUID]uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, t := range r.tails {
		flows[id] = t.organization
	}
}
