// The seven steps as a line of time.
import { useViewer } from '../../api/viewer'
import type { JournalRowFragment } from '../../gql/graphql'
import { Ago } from '../../ui/basic'
import { momentIn, momentUTC, plural, span } from '../../ui/format'
import type { Steps, Workflow } from './page'
import { timelineOf, type StepStage, type TimelineStep } from './timeline'

const signs: Record<StepStage, { sign: string; label: string }> = {
  done: { sign: '✓', label: 'done' }, current: { sign: '◑', label: 'now' }, failed: { sign: '✕', label: 'failed' },
  review: { sign: '◉', label: 'waits for review' }, ahead: { sign: '○', label: 'ahead' },
  cancelled: { sign: '⊘', label: 'cancelled' },
}

export function Timeline({ workflow, steps, moves }: { workflow: Workflow; steps: Steps; moves: JournalRowFragment[] }) {
  return (
    <ol className="timeline" aria-label="Steps">
      {timelineOf(steps, moves, workflow).map((step) => <Step key={step.key} step={step} />)}
    </ol>
  )
}

function Step({ step }: { step: TimelineStep }) {
  const { organization } = useViewer()
  const { sign, label } = signs[step.stage]
  return (
    <li className={`step ${step.stage}`} aria-current={step.stage === 'current' || step.stage === 'review' ? 'step' : undefined}>
      <span className="step-sign" aria-hidden="true">{sign}</span>
      <span className="step-name">{step.number} {step.label}</span>
      <span className="sub">{label}
        {step.begunAt && step.doneAt && ` · took ${span(Date.parse(step.doneAt) - Date.parse(step.begunAt))}`}
        {step.begunAt && !step.doneAt && step.stage !== 'cancelled' && <> · for <Ago at={step.begunAt} /></>}
      </span>
      {step.begunAt && (
        <time className="sub" dateTime={step.begunAt} title={momentUTC(step.begunAt)}>
          {momentIn(step.begunAt, organization.timeZone)}
        </time>
      )}
      {(step.runs > 1 || step.superseded > 0) && (
        <span className="sub">{[
          step.runs > 1 && plural(step.runs, 'run'), step.superseded > 0 && `${plural(step.superseded, 'earlier visit')} superseded`,
        ].filter(Boolean).join(' · ')}</span>
      )}
    </li>
  )
}
