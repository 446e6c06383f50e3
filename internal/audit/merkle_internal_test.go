package audit

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// memory keeps the hashes of the published implementation's tree.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) (hashes []tlog.Hash, err error) {
	for _, i := range indexes {
		hashes = append(hashes, m[i])
	}
	return hashes, nil
}

func TestMerkle_HasTheRootOfThePublishedTree(t *testing.T) {
	t.Parallel()
	var (
		tree   merkle
		stored memory
	)
	for n := range int64(130) {
		want, err := tlog.TreeHash(n, stored)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tree.root(); err != nil || got != want {
			t.Fatalf("%d leaves: got %v, %v, want %v", n, got, err, want)
		}
		leaf := []byte(fmt.Sprint("leaf ", n))
		hashes, err := tlog.StoredHashes(n, leaf, stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		tree.add(leaf)
	}
}
