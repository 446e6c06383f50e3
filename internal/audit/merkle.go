package audit

import "golang.org/x/mod/sumdb/tlog"

// merkle computes the root of the tree of RFC 6962 over leaves that come one after the other. It keeps one hash for
// each size of a full subtree.
type merkle struct {
	size     int64
	subtrees []subtree // the greatest first
}

type subtree struct {
	leaves int64
	root   tlog.Hash
}

func (m *merkle) add(leaf []byte) {
	m.size++
	m.subtrees = append(m.subtrees, subtree{1, tlog.RecordHash(leaf)})
	for n := len(m.subtrees); n > 1 && m.subtrees[n-1].leaves == m.subtrees[n-2].leaves; n = len(m.subtrees) {
		left, right := m.subtrees[n-2], m.subtrees[n-1]
		m.subtrees = append(m.subtrees[:n-2], subtree{2 * left.leaves, tlog.NodeHash(left.root, right.root)})
	}
}

// root returns the root; of no leaves it is the hash of nothing.
func (m *merkle) root() (tlog.Hash, error) {
	if m.size == 0 {
		return tlog.TreeHash(0, nil)
	}
	last := len(m.subtrees) - 1
	root := m.subtrees[last].root
	for i := last - 1; i >= 0; i-- {
		root = tlog.NodeHash(m.subtrees[i].root, root)
	}
	return root, nil
}
