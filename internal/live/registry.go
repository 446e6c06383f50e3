package live

import (
	"sync"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/workflow"
)

// registry has the journal tails with at least one follower, by workflow.
type registry[T any] struct {
	mu    sync.Mutex
	tails map[uuid.UUID]*journalTail[T]
}

// acquire returns the tail of a workflow's journal and counts a follower.
func (r *registry[T]) acquire(flow workflow.Workflow, read readFunc[T]) *journalTail[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, found := r.tails[flow.ID]
	if !found {
		if r.tails == nil {
			r.tails = map[uuid.UUID]*journalTail[T]{}
		}
		t = newJournalTail(flow.OrganizationID, read)
		r.tails[flow.ID] = t
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
