// Why the server refused a change.
import type { Outcome } from '../../api/client'
import { Ago, ProblemNote } from '../../ui/basic'

type Current = { status: string; activity: { sentence: string; who?: string } }

/** The errors of a mutation. For STALE_STATE and REVISION_CONFLICT: what is now, and who made it so. */
export function Refusal({ outcome }: { outcome: Outcome<unknown> }) {
  if (outcome.problem) return <ProblemNote problem={outcome.problem} />
  return (
    <div className="note bad" role="alert">
      {outcome.userErrors.map((error) => {
        const current = error.current as Current | undefined
        return (
          <div key={error.message}>
            <p className="note-title">⚠ {error.message}</p>
            {error.createdAt && <p>Written <Ago at={error.createdAt} /> ago{error.actor ? ` by ${error.actor}` : ''}.</p>}
            {current && <p>Now: {current.activity.sentence}{current.activity.who ? ` (${current.activity.who})` : ''}</p>}
          </div>
        )
      })}
    </div>
  )
}
