package content

import (
	"crypto/sha256"
	"slices"

	"github.com/google/uuid"
)

// The numbers of keywords that a review may end with.
const (
	FewestSeeds = 2
	MostSeeds   = 100
)

// Selection is what a reviewer sees and approves: how many keywords are selected, and a digest over which.
type Selection struct {
	Count int
	// Digest is sha256 over the ids of the selected keywords in ascending order. Two reviewers who see the same digest
	// see the same selection.
	Digest [sha256.Size]byte
}

// SelectionOf returns the selection among keywords.
func SelectionOf(keywords []SeedKeyword) Selection {
	var ids []uuid.UUID
	for _, k := range keywords {
		if k.Choice == ChoiceSelected {
			ids = append(ids, k.ID)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	hash := sha256.New()
	for _, id := range ids {
		hash.Write(id[:])
	}
	selection := Selection{Count: len(ids)}
	hash.Sum(selection.Digest[:0])
	return selection
}
