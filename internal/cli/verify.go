package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"

	"github.com/infin8content/engine/internal/audit"
)

type verifyCommand struct {
	Anchor    string `help:"Write a signed checkpoint of all chains to this file, and the heads beside it." placeholder:"FILE" xor:"mode"`
	Against   string `help:"Prove that nothing was changed or cut since the checkpoint in this file." placeholder:"FILE" xor:"mode"`
	NewKey    string `help:"Print a new pair of keys for checkpoints with this name, such as example.com/infin8." placeholder:"NAME" xor:"mode"`
	PublicKey string `help:"The public key that checkpoints are verified with." env:"CHECKPOINT_PUBLIC_KEY" placeholder:"KEY"`
}

// headsSuffix is what the file of the heads is called behind the name of the checkpoint.
const headsSuffix = ".heads"

// Run prints each row that is wrong. It fails if there is one.
func (c *verifyCommand) Run(p *program) error {
	if c.NewKey != "" {
		return c.newKey(p)
	}
	return withAuditor(p, func(a *audit.Auditor) error {
		line := p.begin("Verifying both journals and all balances")
		findings, err := c.verify(p, a)
		line.end()
		list := table{columns: []string{"row", "fault"}}
		for _, f := range findings {
			list.add(f.Row, f.What)
			if !p.JSON {
				fmt.Fprintln(p.stdout, f)
			}
		}
		if p.JSON && (err == nil || len(findings) > 0) {
			err = errors.Join(err, p.list(list))
		}
		switch {
		case err != nil:
			return err
		case len(findings) > 0:
			return fmt.Errorf("%d findings: the journals and the current values do not agree", len(findings))
		}
		p.note("%s", c.success())
		return nil
	})
}

// success is the note for a run without findings.
func (c *verifyCommand) success() string {
	switch {
	case c.Anchor != "":
		return "Verified: the journals and the current values agree. The checkpoint is in " + c.Anchor + "."
	case c.Against != "":
		return "Verified: nothing before the checkpoint in " + c.Against + " was changed or cut."
	}
	return "Verified: the journals and the current values agree."
}

func (c *verifyCommand) verify(p *program, a *audit.Auditor) ([]audit.Finding, error) {
	switch {
	case c.Anchor != "":
		return c.anchor(p, a)
	case c.Against != "":
		return c.against(p, a)
	}
	return a.Verify(p.ctx)
}

// newKey prints a secret key for verify --anchor and the public key that checks its signatures.
func (c *verifyCommand) newKey(p *program) error {
	secret, public, err := note.GenerateKey(rand.Reader, c.NewKey)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	return p.result("CHECKPOINT_KEY="+secret+"\nCHECKPOINT_PUBLIC_KEY="+public, map[string]any{
		"checkpointKey": secret, "checkpointPublicKey": public,
	})
}

// anchor writes a checkpoint. A file that is there is kept: an earlier checkpoint proves more than a later one.
func (c *verifyCommand) anchor(p *program, a *audit.Auditor) (findings []audit.Finding, err error) {
	signer, err := note.NewSigner(p.checkpointKey)
	if err != nil {
		return nil, errors.New("CHECKPOINT_KEY is not set to a key of `engine verify --new-key`")
	}
	signedFile, err := create(c.Anchor)
	if err != nil {
		return nil, err
	}
	defer func() { err = signedFile.end(err) }()
	heads, err := create(c.Anchor + headsSuffix)
	if err != nil {
		return nil, err
	}
	defer func() { err = heads.end(err) }()
	signed, findings, err := a.Checkpoint(p.ctx, signer, heads)
	if err != nil {
		return findings, err
	}
	if _, err := signedFile.Write(signed); err != nil {
		return nil, fmt.Errorf("write the checkpoint: %w", err)
	}
	return nil, nil
}

func (c *verifyCommand) against(p *program, a *audit.Auditor) ([]audit.Finding, error) {
	verifier, err := note.NewVerifier(c.PublicKey)
	if err != nil {
		return nil, errors.New("CHECKPOINT_PUBLIC_KEY, or --public-key, is not the public key of a checkpoint")
	}
	signed, err := os.ReadFile(c.Against)
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint: %w", err)
	}
	heads, err := os.Open(c.Against + headsSuffix)
	if err != nil {
		return nil, fmt.Errorf("read the heads of the checkpoint: %w", err)
	}
	defer func() { _ = heads.Close() }()
	return a.Against(p.ctx, signed, verifier, heads)
}

// newFile is a file that is kept only when all went well.
type newFile struct{ *os.File }

func create(name string) (newFile, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return newFile{}, fmt.Errorf("write the checkpoint: %w", err)
	}
	return newFile{f}, nil
}

// end closes the file, and removes it after an error.
func (f newFile) end(err error) error {
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
