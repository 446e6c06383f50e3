// Why the server refused a change.
import type { Outcome } from '../../api/client'
import { ProblemNote } from '../../ui/basic'
import { Now } from '../../ui/now'

/** The errors of a mutation. For STALE_STATE and REVISION_CONFLICT: what is now, and who made it so. */
export function Refusal({ outcome }: { outcome: Outcome<unknown> }) {
  if (outcome.problem) return <ProblemNote problem={outcome.problem} />
  return (
    <div className="note bad" role="alert">
      {outcome.userErrors.map((error) => (
        <div key={error.message}>
          <p className="note-title">⚠ {error.message}</p>
          <Now error={error} />
        </div>
      ))}
    </div>
  )
}
