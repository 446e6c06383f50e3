// Which articles go to which sites, and how far.
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { useMay, useViewer } from '../../api/viewer'
import { ApprovePublishingDocument, RejectPublishingDocument, type PublicationPolicy, type StepKey, type TargetRowFragment } from '../../gql/graphql'
import { Button, Empty } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { instantOf, plural, words } from '../../ui/format'
import { say } from '../../ui/toast'
import type { Flow } from '../articles/list'
import { Refusal } from '../workflow/refusal'
import { steps } from '../workflows-search'
import { changedSince, choose, proposed, stillChosen, type Chosen } from './choices'

type ApproveProps = { flow: Flow; targets: TargetRowFragment[]; closed: string | null; again: () => void }

const policies: Record<PublicationPolicy, string> = {
  PUBLISH: 'Public at once', DRAFT: 'As drafts, which people publish on the sites', SCHEDULE: 'Public at a time',
}

export function Approve({ flow, targets, closed, again }: ApproveProps) {
  const navigate = useNavigate()
  const { organization } = useViewer()
  const actors = useMay()('ACTORS')
  const act = useAct(ApprovePublishingDocument)
  const written = flow.articles.nodes.filter((one) => one.unit.state === 'DONE' && one.revision > 0)
  const ready = targets.filter((one) => one.state === 'READY')
  const [chosen, setChosen] = useState<Chosen>(() => proposed(written))
  const [sites, setSites] = useState<ReadonlySet<string>>(() => new Set(ready.length === 1 ? [ready[0]!.id] : []))
  const [policy, setPolicy] = useState<PublicationPolicy>('PUBLISH')
  const [time, setTime] = useState('')
  const [isRejecting, setRejecting] = useState(false)
  const approved = stillChosen(chosen, written)
  const changed = changedSince(chosen, written)
  const targetIds = ready.map((one) => one.id).filter((id) => sites.has(id))
  const posts = approved.length * targetIds.length
  const submit = async () => {
    const { payload, userErrors } = await act.run({
      actors,
      input: {
        workflowId: flow.id, expectedVersion: flow.version, targetIds, policy,
        articles: approved.map(({ id, revision }) => ({ articleId: id, expectedRevision: revision })),
        scheduleAt: policy === 'SCHEDULE' ? instantOf(time, organization.timeZone) : null, idempotencyKey: newKey(),
      },
    })
    if (payload?.workflow) say(`${plural(posts, 'post')} approved.`)
    else if (userErrors[0]?.code === 'REVISION_CONFLICT') say('Nothing was approved: a text has changed since you chose it.')
    else if (userErrors[0]?.code === 'STALE_STATE') say(`Another person was first. ${userErrors[0].message}`)
    again()
  }
  const missing = approved.length === 0 ? 'Choose an article first.' : targetIds.length === 0 ? 'Choose a site first.'
    : policy === 'SCHEDULE' && time === '' ? 'Choose the time first.' : null
  const refused = act.last && (act.last.problem || act.last.userErrors.length > 0) ? act.last : null
  return (
    <section className="card" aria-label="Decision">
      <p className="decision-count"><strong>{posts}</strong> {posts === 1 ? 'post' : 'posts'}: {plural(approved.length, 'article')} on {plural(targetIds.length, 'site')}</p>
      <div className="columns">
        <Choices legend="Articles" chosen={new Set(approved.map((one) => one.id))}
          onToggle={(id, isOn) => setChosen(choose(chosen, written.find((one) => one.id === id)!, isOn))} all={written.map((one) => ({
            id: one.id, label: one.title, note: changed.includes(one) ? `Changed: revision ${one.revision}`
              : one.decision?.revision === one.revision ? words(one.decision.verdict) : one.needsReview ? 'Needs a person' : null,
          }))} />
        {ready.length === 0
          ? <Empty title="No site is ready"><p><Link to="/organization">Set up a publish target</Link></p></Empty>
          : <Choices legend="Sites" chosen={sites} onToggle={(id, isOn) => setSites(toggled(sites, id, isOn))} all={ready.map((one) => ({ id: one.id, label: `${one.name} (${words(one.kind)})`, note: one.policy === 'DRAFT' ? 'Drafts only' : null }))} />}
      </div>
      <div className="filters">
        <label>How far
          <select value={policy} onChange={(event) => setPolicy(event.target.value as PublicationPolicy)}>
            {(Object.keys(policies) as PublicationPolicy[]).map((one) => <option key={one} value={one}>{policies[one]}</option>)}
          </select>
        </label>
        {policy === 'SCHEDULE' && (
          <label>Time in {organization.timeZone}
            <input type="datetime-local" value={time} onChange={(event) => setTime(event.target.value)} />
          </label>
        )}
      </div>
      <div className="buttons">
        <Button kind="primary" isBusy={act.isBusy} reason={closed ?? missing} onClick={() => void submit()}>Approve {plural(posts, 'post')}</Button>
        <Button reason={closed} onClick={() => setRejecting(true)}>Send back</Button>
      </div>
      {refused && <Refusal outcome={refused} />}
      {changed.map((one) => (
        <p key={one.id} className="note">
          “{one.title}” was changed after you chose it. <Link to="/workflows/$id/articles/$article" params={{ id: flow.id, article: one.id }}>Read revision {one.revision}</Link>, then choose it again.
        </p>
      ))}
      {isRejecting && <RejectDialog flow={flow} onClose={() => setRejecting(false)}
        onDone={() => void navigate({ to: '/workflows/$id', params: { id: flow.id } })} />}
    </section>
  )
}

function toggled(chosen: ReadonlySet<string>, id: string, isOn: boolean): ReadonlySet<string> {
  const next = new Set(chosen)
  if (isOn) next.add(id)
  else next.delete(id)
  return next
}

type ChoicesProps = {
  legend: string; chosen: ReadonlySet<string>; onToggle: (id: string, isOn: boolean) => void
  all: { id: string; label: string; note: string | null }[]
}

function Choices({ legend, chosen, onToggle, all }: ChoicesProps) {
  return (
    <fieldset className="choices-box">
      <legend>{legend}</legend>
      {all.map((one) => (
        <label key={one.id} className="check">
          <input type="checkbox" checked={chosen.has(one.id)} onChange={(event) => onToggle(one.id, event.target.checked)} />
          <span>{one.label} {one.note && <Badge>{one.note}</Badge>}</span>
        </label>
      ))}
    </fieldset>
  )
}

function RejectDialog({ flow, onClose, onDone }: { flow: Flow; onClose: () => void; onDone: () => void }) {
  const actors = useMay()('ACTORS')
  const act = useAct(RejectPublishingDocument)
  const [to, setTo] = useState<StepKey>('ARTICLE')
  const [feedback, setFeedback] = useState('')
  const submit = async () => {
    const { payload } = await act.run({
      actors,
      input: { workflowId: flow.id, expectedVersion: flow.version, resetTo: to, feedback: feedback.trim(), idempotencyKey: newKey() },
    })
    if (!payload?.workflow) return
    say('The workflow was sent back.')
    onDone()
  }
  const errors = act.last?.userErrors ?? []
  return (
    <Dialog title="Send back with feedback" submit="Send back" kind="danger" onClose={onClose} onSubmit={() => void submit()} isBusy={act.isBusy}
      errors={errorsElsewhere(errors, 'feedback')} problem={act.last?.problem} reason={feedback.trim() === '' ? 'Write the feedback first.' : null}>
      <Field label="Step to run again">
        {(props) => (
          <select {...props} value={to} onChange={(event) => setTo(event.target.value as StepKey)}>
            {steps.slice(0, 6).map((step) => <option key={step.key} value={step.key}>{step.label}</option>)}
          </select>
        )}
      </Field>
      <Field label="Feedback" path="feedback" errors={errors} hint="The next run of the step reads it.">
        {(props) => <textarea {...props} rows={4} maxLength={2000} value={feedback} onChange={(event) => setFeedback(event.target.value)} />}
      </Field>
    </Dialog>
  )
}
