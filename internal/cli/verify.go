package cli

import (
	"fmt"

	"github.com/infin8content/engine/internal/audit"
)

type verifyCommand struct{}

// Run prints each row that is wrong, and nothing when all are right.
func (*verifyCommand) Run(p *program) error {
	return withAuditor(p, func(a *audit.Auditor) error {
		findings, err := a.Verify(p.ctx)
		if err != nil {
			return err
		}
		for _, f := range findings {
			fmt.Fprintln(p.stdout, f)
		}
		if len(findings) > 0 {
			return fmt.Errorf("%d findings: the journals and the current values do not agree", len(findings))
		}
		return nil
	})
}
