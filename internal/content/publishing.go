package content

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/google/uuid"
)

// PublishItem is one article on one target, as a decision at the gate PUBLISH names it.
type PublishItem struct {
	ArticleID, TargetID uuid.UUID
	Revision            int
}

// PublishSelectionOf returns the number of items and the digest over them, as the database computes it: over the ids of
// the article and the target and the revision of each, in the order of the ids.
func PublishSelectionOf(items []PublishItem) Selection {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b PublishItem) int {
		return cmp.Or(bytes.Compare(a.ArticleID[:], b.ArticleID[:]), bytes.Compare(a.TargetID[:], b.TargetID[:]))
	})
	var text []byte
	for _, item := range items {
		text = append(append(text, item.ArticleID[:]...), item.TargetID[:]...)
		text = binary.BigEndian.AppendUint32(text, uint32(item.Revision))
	}
	return Selection{Count: len(items), Digest: sha256.Sum256(text)}
}
