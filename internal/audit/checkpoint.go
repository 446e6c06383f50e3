package audit

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/infin8content/engine/internal/postgres"
)

// A checkpoint is two texts. The note is small and signed: a C2SP tlog-checkpoint in a C2SP signed note, with the name
// of the key as its origin, the number of heads, and the root of the RFC 6962 tree over their lines. The heads are one
// line for each chain and are proved by the root, so they need no signature and no safe place.

// maxHeadLine bounds a line of heads, in bytes. The longest key is an idempotency key of 255 characters, escaped.
const maxHeadLine = 8192

// ErrUnsound says that a database with findings gets no checkpoint.
var ErrUnsound = errors.New("the database has findings: a checkpoint would cover them")

// Checkpoint verifies the database, writes the heads of all chains to heads and returns the signed note. With findings
// it returns them and ErrUnsound, and what is in heads counts for nothing. All is of one moment.
func (a *Auditor) Checkpoint(
	ctx context.Context, signer note.Signer, heads io.Writer,
) (signed []byte, findings []Finding, err error) {
	at := a.now().UTC()
	tree := &merkle{}
	err = a.verify(ctx, func(s *postgres.Store) error {
		out := bufio.NewWriter(heads)
		err := eachHead(ctx, s, func(kind postgres.ChainKind, p postgres.Position) error {
			line := headLine(kind, p)
			tree.add([]byte(line))
			_, err := out.WriteString(line + "\n")
			return err
		})
		if err != nil {
			return err
		}
		return out.Flush()
	}, &findings)
	if err != nil {
		return nil, nil, fmt.Errorf("write a checkpoint: %w", err)
	}
	if len(findings) > 0 {
		return nil, findings, ErrUnsound
	}
	text, err := tree.checkpoint(signer.Name(), at)
	if err != nil {
		return nil, nil, fmt.Errorf("write a checkpoint: %w", err)
	}
	signed, err = note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a checkpoint: %w", err)
	}
	return signed, nil, nil
}

// eachHead calls visit for the heads of all chains, in the order of a checkpoint.
func eachHead(
	ctx context.Context, s *postgres.Store, visit func(postgres.ChainKind, postgres.Position) error,
) error {
	for _, kind := range postgres.ChainKinds() {
		err := s.EachChainHead(ctx, kind, func(p postgres.Position) error { return visit(kind, p) })
		if err != nil {
			return err
		}
	}
	return nil
}

// checkpoint returns the text of a checkpoint over the lines of the tree.
func (m *merkle) checkpoint(origin string, at time.Time) (string, error) {
	root, err := m.root()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s\n%d\n%s\ntime %s\n", origin, m.size, root, at.Format(time.RFC3339)), nil
}

func headLine(kind postgres.ChainKind, p postgres.Position) string {
	return fmt.Sprintf("%s %d %x %s", kind.Name, p.At, p.Hash, p.Key)
}

// signedTree is what a note says.
type signedTree struct {
	size int64
	root tlog.Hash
	at   string
}

// openNote checks the signature of a note and reads it.
func openNote(signed []byte, verifier note.Verifier) (signedTree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return signedTree{}, fmt.Errorf("the checkpoint is not signed by %s: %w", verifier.Name(), err)
	}
	lines := strings.Split(strings.TrimSuffix(opened.Text, "\n"), "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return signedTree{}, errors.New("the checkpoint is not one of this engine")
	}
	var t signedTree
	var found bool
	if t.size, err = strconv.ParseInt(lines[1], 10, 64); err == nil {
		t.root, err = tlog.ParseHash(lines[2])
	}
	if t.at, found = strings.CutPrefix(lines[3], "time "); err != nil || !found {
		return signedTree{}, errors.New("the checkpoint is not one of this engine")
	}
	return t, nil
}

// head is a line of heads.
type head struct {
	kind, key string
	at        int64
	hash      string
}

// Against verifies the database and proves that nothing was changed or cut that a checkpoint covers. heads must be what
// Checkpoint has written; it is read twice.
func (a *Auditor) Against(
	ctx context.Context, signed []byte, verifier note.Verifier, heads io.ReadSeeker,
) (findings []Finding, err error) {
	tree, err := openNote(signed, verifier)
	if err != nil {
		return nil, err
	}
	if err := tree.covers(heads); err != nil {
		return nil, err
	}
	if _, err := heads.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the heads: %w", err)
	}
	err = a.verify(ctx, func(s *postgres.Store) error {
		c := &comparison{next: bufio.NewScanner(heads), at: tree.at, report: &findings}
		c.next.Buffer(nil, maxHeadLine)
		if err := c.advance(); err != nil {
			return err
		}
		for _, kind := range postgres.ChainKinds() {
			if err := c.kind(ctx, s, kind); err != nil {
				return err
			}
		}
		if c.wanted != nil {
			return fmt.Errorf("the heads have a kind that this program does not have: %s", c.wanted.kind)
		}
		return nil
	}, &findings)
	if err != nil {
		return nil, fmt.Errorf("verify against a checkpoint: %w", err)
	}
	return findings, nil
}

// covers checks that the heads are those that were signed.
func (t signedTree) covers(heads io.Reader) error {
	var tree merkle
	lines := bufio.NewScanner(heads)
	lines.Buffer(nil, maxHeadLine)
	for lines.Scan() {
		tree.add(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the heads: %w", err)
	}
	root, err := tree.root()
	if err != nil {
		return err
	}
	if tree.size != t.size || root != t.root {
		return fmt.Errorf("the heads are not those that the checkpoint of %s covers: it has %d, these are %d",
			t.at, t.size, tree.size)
	}
	return nil
}

// comparison walks the heads of a checkpoint and the rows of the database side by side; both are in the same order.
type comparison struct {
	next   *bufio.Scanner
	wanted *head // the one that is looked for; nil after the last
	at     string
	report *[]Finding
}

func (c *comparison) advance() error {
	if !c.next.Scan() {
		c.wanted = nil
		return c.next.Err()
	}
	fields := strings.SplitN(c.next.Text(), " ", 4)
	if len(fields) != 4 {
		return errors.New("a head is not of this form")
	}
	at, err := strconv.ParseInt(fields[1], 10, 64)
	c.wanted = &head{kind: fields[0], at: at, hash: fields[2], key: fields[3]}
	return err
}

func (c *comparison) kind(ctx context.Context, s *postgres.Store, kind postgres.ChainKind) error {
	var last postgres.Position
	err := s.EachPosition(ctx, kind, func(p postgres.Position) error {
		for c.wanted != nil && c.wanted.kind == kind.Name && c.wanted.key < p.Key {
			if err := c.gone(last); err != nil {
				return err
			}
		}
		last = p
		if c.wanted == nil || c.wanted.kind != kind.Name || c.wanted.key != p.Key || c.wanted.at != p.At {
			return nil
		}
		if c.wanted.hash != hex.EncodeToString(p.Hash[:]) {
			c.find("it has changed since %s: row %d has another hash", c.at, p.At)
		}
		return c.advance()
	})
	for err == nil && c.wanted != nil && c.wanted.kind == kind.Name {
		err = c.gone(last)
	}
	return err
}

// gone reports that the row that is looked for was not met. last is the row before the place where it should be.
func (c *comparison) gone(last postgres.Position) error {
	switch {
	case last.Key != c.wanted.key:
		c.find("it was there at %s, and it is gone", c.at)
	default:
		c.find("its end was cut: it went to row %d at %s, and it goes to %d", c.wanted.at, c.at, last.At)
	}
	return c.advance()
}

func (c *comparison) find(format string, args ...any) {
	*c.report = append(*c.report, Finding{
		Kind: KindAnchor,
		Row:  c.wanted.kind + " " + c.wanted.key,
		What: fmt.Sprintf(format, args...),
	})
}
