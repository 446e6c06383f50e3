// What a change met that came too late: what is now, and who made it so.
import type { UserError } from '../api/client'
import { Ago } from './basic'

type Current = { activity: { sentence: string; since?: string; who?: string } }

/** For STALE_STATE and REVISION_CONFLICT; nothing for other errors. */
export function Now({ error }: { error: UserError }) {
  const current = error.current as Current | undefined
  return (
    <>
      {error.createdAt && <p>Written <Ago at={error.createdAt} /> ago{error.actor ? ` by ${error.actor}` : ''}.</p>}
      {current && (
        <p>
          Now: {current.activity.sentence}
          {current.activity.since && <> Since <Ago at={current.activity.since} /> ago{current.activity.who ? `, by ${current.activity.who}` : ''}.</>}
        </p>
      )}
    </>
  )
}
