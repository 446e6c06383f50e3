// The results that a reset has superseded. They count no more, and stay readable.
import { useState } from 'react'
import { useRead } from '../../api/client'
import { useMay } from '../../api/viewer'
import { SupersededDocument, type JournalRowFragment, type SupersededQuery } from '../../gql/graphql'
import { Empty, Loaded, Moment } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { plural } from '../../ui/format'
import type { Steps, Workflow } from './page'
import { timelineOf, type TimelineStep } from './timeline'

type Visit = NonNullable<SupersededQuery['workflow']>['superseded'][number]
type EarlierProps = { workflow: Workflow; steps: Steps; moves: JournalRowFragment[] }

export function Earlier({ workflow, steps, moves }: EarlierProps) {
  const reset = timelineOf(steps, moves, workflow).filter((step) => step.superseded > 0 && step.key !== 'SEED_REVIEW')
  if (reset.length === 0) return null
  return (
    <section className="card spaced" aria-labelledby="earlier">
      <h2 id="earlier">Earlier visits</h2>
      <p className="sub">A person sent the work back, so these results count no more.</p>
      {reset.map((step) => <OfStep key={step.key} id={workflow.id} step={step} />)}
    </section>
  )
}

function OfStep({ id, step }: { id: string; step: TimelineStep }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{step.label}: {plural(step.superseded, 'earlier visit')}</summary>
      {isOpen && <Visits id={id} step={step} />}
    </details>
  )
}

function Visits({ id, step }: { id: string; step: TimelineStep }) {
  const read = useRead(SupersededDocument, { id, step: step.key, actors: useMay()('ACTORS') })
  return (
    <Loaded read={read} rows={1}>
      {({ workflow }) => (workflow && workflow.superseded.length > 0
        ? <ul className="feed">{workflow.superseded.map((visit) => <li key={visit.visit} className="card"><OneVisit visit={visit} /></li>)}</ul>
        : <Empty title="The visit had no result"><p>It was sent back before the step ended.</p></Empty>)}
    </Loaded>
  )
}

function OneVisit({ visit: { result, reset, keywords, topics, briefs } }: { visit: Visit }) {
  return (
    <>
      <p className="sub">
        <Moment at={result.producedAt} />{result.model && ` · ${result.model}`}{result.provider && ` · ${result.provider}`} · sent back <Moment at={reset.occurredAt} />
        {reset.actor && ` by ${reset.actor}`}{reset.reason && `: “${reset.reason}”`}
      </p>
      {keywords.length > 0 && (
        <ul className="bullets">
          {keywords.map((one) => <li key={one.id}>{one.text} {one.choice && <Badge tone={one.choice === 'SELECTED' ? 'good' : 'neutral'}>{one.choice === 'SELECTED' ? 'was selected' : 'was rejected'}</Badge>}</li>)}
        </ul>
      )}
      {topics.length > 0 && <ul className="bullets">{topics.map((one) => <li key={one.id}>{one.label}</li>)}</ul>}
      {briefs.length > 0 && (
        <ul className="bullets">{briefs.map((one) => <li key={one.articleId}><strong>{one.brief.title}</strong> <span className="faint">{one.brief.angle}</span></li>)}</ul>
      )}
      <details>
        <summary>The whole result</summary>
        <pre tabIndex={0} role="region" aria-label="The result as JSON">{JSON.stringify(result.content, null, 2)}</pre>
      </details>
    </>
  )
}
