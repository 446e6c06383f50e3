// The decisions about an article plan.
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useAct, useKey, type Outcome, type UserError } from '../../api/client'
import { useMay } from '../../api/viewer'
import { ApproveArticlePlanDocument, RejectArticlePlanDocument, type BriefInput, type PlanItemFragment, type StepKey } from '../../gql/graphql'
import { Button } from '../../ui/basic'
import { Changes } from '../../ui/changes'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { Forecast } from '../../ui/forecast'
import { linesOf, money, plural } from '../../ui/format'
import { say } from '../../ui/toast'
import { changedFields, planChanges } from '../changes'
import { steps } from '../workflows-search'
import type { Decide, Plan, Review } from './page'
import { reasonsOf } from './reason'

type ApproveProps = { review: Review; plan: Plan; onClose: () => void; again: () => void }

export function ApprovePlanDialog({ review, plan, onClose, again }: ApproveProps) {
  const navigate = useNavigate()
  const may = useMay()
  const approve = useAct(ApproveArticlePlanDocument)
  // What the person saw when the dialog opened counts, not what arrives behind it.
  const [seen] = useState({ version: review.version, digest: plan.digest, count: plan.approved, items: plan.items })
  const [maxTotal, setMaxTotal] = useState('')
  const idempotencyKey = useKey(maxTotal.trim())
  const submit = async () => {
    const { payload } = await approve.run({
      actors: may('ACTORS'),
      input: {
        workflowId: review.id, expectedVersion: seen.version, digest: seen.digest, maxTotal: maxTotal.trim() || null,
        idempotencyKey,
      },
    })
    if (!payload?.workflow) return again()
    say(`${plural(seen.count, 'article')} approved.`)
    await navigate({ to: '/workflows/$id', params: { id: review.id } })
  }
  const errors = approve.last?.userErrors ?? []
  const isStale = errors.some((error) => error.code === 'STALE_STATE')
  return (
    <Dialog title={`Write ${plural(seen.count, 'article')}?`} submit="Approve the plan" onClose={onClose} onSubmit={submit}
      isBusy={approve.isBusy} errors={errorsElsewhere(errors, 'maxTotal').filter((error) => error.code !== 'STALE_STATE')} problem={approve.last?.problem}
      reason={isStale ? 'Close, look at the plan again, then approve.' : null}>
      <Forecast forecast={plan.forecast} />
      <p>{money(review.spend.settled)} of {money(review.spend.limit)} is spent, {money(review.spend.remaining)} remains.</p>
      <Field label="All articles together may cost (optional)" path="maxTotal" errors={errors} hint="In US dollars. The budgets limit the cost anyway.">
        {(props) => <input {...props} inputMode="decimal" value={maxTotal} onChange={(event) => setMaxTotal(event.target.value)} />}
      </Field>
      {isStale && <Changes title="Another person changed the plan after you opened this dialog." lines={planChanges(seen.items, plan.items)} />}
    </Dialog>
  )
}

export function RejectPlanDialog({ review, onClose }: { review: Review; onClose: () => void }) {
  const navigate = useNavigate()
  const may = useMay()
  const reject = useAct(RejectArticlePlanDocument)
  const [to, setTo] = useState<StepKey>('CLUSTERING')
  const [feedback, setFeedback] = useState('')
  const idempotencyKey = useKey(to, feedback.trim())
  const submit = async () => {
    const { payload } = await reject.run({
      actors: may('ACTORS'),
      input: {
        workflowId: review.id, expectedVersion: review.version, resetTo: to, feedback: feedback.trim(),
        idempotencyKey,
      },
    })
    if (!payload?.workflow) return
    say('The workflow was sent back.')
    await navigate({ to: '/workflows/$id', params: { id: review.id } })
  }
  const errors = reject.last?.userErrors ?? []
  return (
    <Dialog title="Send back with feedback" submit="Send back" kind="danger" onClose={onClose} onSubmit={submit} isBusy={reject.isBusy}
      errors={errorsElsewhere(errors, 'feedback')} problem={reject.last?.problem} reason={feedback.trim() === '' ? 'Write the feedback first.' : null}>
      <Field label="Step to run again">
        {(props) => (
          <select {...props} value={to} onChange={(event) => setTo(event.target.value as StepKey)}>
            {steps.slice(0, 5).map((step) => <option key={step.key} value={step.key}>{step.label}</option>)}
          </select>
        )}
      </Field>
      <Field label="Feedback" path="feedback" errors={errors} hint="The next run of the step reads it. Decisions about the same pages are kept.">
        {(props) => <textarea {...props} rows={4} maxLength={2000} value={feedback} onChange={(event) => setFeedback(event.target.value)} />}
      </Field>
    </Dialog>
  )
}

type ItemDialogProps = { item: PlanItemFragment; decide: Decide; onClose: () => void }

/** Approves what validation calls invalid: with a reason. */
export function OverruleDialog({ item, names, decide, onClose }: ItemDialogProps & { names: ReadonlyMap<string, string> }) {
  const [reason, setReason] = useState('')
  const [outcome, setOutcome] = useState<Outcome<unknown> | null>(null)
  const submit = async () => {
    const result = await decide.run({ items: [{ articleId: item.id, expectedRevision: item.revision, choice: 'APPROVED', reason: reason.trim() }] })
    if (result.payload?.workflow) onClose()
    else setOutcome(result)
  }
  return (
    <Dialog title="Approve an invalid article?" submit="Approve" onClose={onClose} onSubmit={submit} isBusy={decide.isBusy}
      reason={reason.trim() === '' ? 'Write the reason first.' : null} errors={outcome?.userErrors} problem={outcome?.problem}>
      <ul className="bullets">{reasonsOf(item.reasons, names).map((one) => <li key={one}>{one}</li>)}</ul>
      <Field label="Reason" hint="It stays with the decision.">
        {(props) => <textarea {...props} rows={3} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />}
      </Field>
    </Dialog>
  )
}

const formOf = ({ brief, page }: PlanItemFragment) => ({
  title: brief?.title ?? page.primaryKeyword.text, angle: brief?.angle ?? '', format: brief?.format ?? '', targetWords: String(brief?.targetWords ?? 1200),
  secondaryKeywords: (brief?.secondaryKeywords ?? []).join('\n'), questions: (brief?.questions ?? []).join('\n'), mustAvoid: (brief?.mustAvoid ?? []).join('\n'),
})
type Form = ReturnType<typeof formOf>

const labels: Record<keyof Form, string> = {
  title: 'Title', angle: 'Angle', format: 'Format', targetWords: 'Words', questions: 'Questions, one a line',
  secondaryKeywords: 'Further keywords, one a line', mustAvoid: 'Leaves out, one a line',
}

/** The fields of a brief that the person changed, so that those of another person stay. */
function briefOf(form: Form, changed: (keyof Form)[]): BriefInput {
  const brief: BriefInput = {}
  for (const name of changed) {
    if (name === 'targetWords') brief.targetWords = Number(form.targetWords)
    else if (name === 'title' || name === 'angle' || name === 'format') brief[name] = form[name].trim()
    else brief[name] = linesOf(form[name])
  }
  return brief
}

export function BriefDialog({ item, decide, onClose }: ItemDialogProps) {
  const [base, setBase] = useState(item)
  const [form, setForm] = useState(() => formOf(item))
  const [outcome, setOutcome] = useState<Outcome<unknown> | null>(null)
  const isBehind = item.revision !== base.revision
  const errors: UserError[] = (outcome?.userErrors ?? []).filter((error) => error.code !== 'REVISION_CONFLICT' || !isBehind).map((error) => ({ ...error, field: error.field?.filter((part) => form.hasOwnProperty(part)) }))
  const submit = async () => {
    const changed = item.brief ? changedFields(formOf(base), form) : (Object.keys(form) as (keyof Form)[])
    if (changed.length === 0) return onClose()
    const result = await decide.run({ items: [{ articleId: item.id, expectedRevision: base.revision, brief: briefOf(form, changed) }] })
    if (result.payload?.workflow) onClose()
    else setOutcome(result) // Of a conflict the plan is read again, and the dialog shows the newer brief.
  }
  /** Goes on from the newer brief with the fields that this person changed. */
  const take = () => {
    const mine = changedFields(formOf(base), form)
    setForm({ ...formOf(item), ...Object.fromEntries(mine.map((name) => [name, form[name]])) })
    setBase(item)
  }
  const field = (name: keyof Form, rows = 0, hint?: string) => (
    <Field label={labels[name]} path={name} errors={errors} hint={hint}>
      {(props) => (rows > 0
        ? <textarea {...props} rows={rows} value={form[name]} onChange={(event) => setForm({ ...form, [name]: event.target.value })} />
        : <input {...props} value={form[name]} onChange={(event) => setForm({ ...form, [name]: event.target.value })} />)}
    </Field>
  )
  const number = Number(form.targetWords)
  return (
    <Dialog title="The brief" submit="Save the brief" onClose={onClose} onSubmit={submit} isBusy={decide.isBusy}
      reason={isBehind ? 'Look at the newer brief first.' : form.title.trim() === '' ? 'Write a title first.' : !Number.isInteger(number) || number < 900 || number > 2500 ? 'The words must be a number from 900 to 2500.' : null}
      errors={errorsElsewhere(errors, ...Object.keys(form))} problem={outcome?.problem}>
      {isBehind && <Behind then={formOf(base)} now={formOf(item)} mine={form} item={item} onTake={take} />}
      {field('title')}{field('angle', 2)}{field('format', 0, 'Such as guide or comparison.')}{field('targetWords', 0, '900 to 2500')}
      {field('questions', 3)}{field('secondaryKeywords', 2)}{field('mustAvoid', 2)}
    </Dialog>
  )
}

type BehindProps = { then: Form; now: Form; mine: Form; item: PlanItemFragment; onTake: () => void }

/** Another person saved the brief meanwhile. What this one wrote stays. */
function Behind({ then, now, mine, item, onTake }: BehindProps) {
  const own = new Set(changedFields(then, mine))
  const lines = changedFields(then, now).map((name) =>
    `${labels[name].replace(/, one a line$/, '')}: “${now[name].replaceAll('\n', ', ')}”${own.has(name) ? '. You changed it too: yours would replace it.' : ''}`)
  return (
    <>
      <Changes title={`Revision ${item.revision} of the brief came while you wrote${item.actor ? `, by ${item.actor}` : ''}`} lines={lines} />
      <p><Button onClick={onTake}>Go on with my changes</Button></p>
    </>
  )
}
