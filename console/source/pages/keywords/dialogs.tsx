// The decisions of the keyword review.
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { newKey, useAct, useKey } from '../../api/client'
import { useActors, useMay } from '../../api/viewer'
import { AddKeywordsDocument, ApproveSeedsDocument, RejectSeedsDocument, type StepKey } from '../../gql/graphql'
import { Changes } from '../../ui/changes'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { Forecast } from '../../ui/forecast'
import { money, plural } from '../../ui/format'
import { say } from '../../ui/toast'
import { selectionChanges } from '../changes'
import type { Review } from './page'

type Props = { review: Review; onClose: () => void }

export function ApproveDialog({ review, onClose, again }: Props & { again: () => void }) {
  const navigate = useNavigate()
  const may = useMay()
  const approve = useAct(ApproveSeedsDocument)
  // What the person saw when the dialog opened counts, not what arrives behind it.
  const [seen] = useState({ version: review.version, ...review.keywordSelection, selected: review.selected.nodes })
  const [idempotencyKey] = useState(newKey)
  const submit = async () => {
    const { payload } = await approve.run({
      actors: may('ACTORS'),
      input: { workflowId: review.id, expectedVersion: seen.version, selectionDigest: seen.digest, idempotencyKey },
    })
    if (!payload?.workflow) return again()
    say(`${plural(seen.count, 'keyword')} approved.`)
    await navigate({ to: '/workflows/$id', params: { id: review.id } })
  }
  const errors = approve.last?.userErrors ?? []
  const stale = errors.find((error) => error.code === 'STALE_STATE')
  const isStale = stale !== undefined
  const current = stale?.current as { activity: { sentence: string } } | undefined
  return (
    <Dialog title={`Approve ${plural(seen.count, 'keyword')}?`} submit="Approve" onClose={onClose} onSubmit={submit}
      isBusy={approve.isBusy} errors={errors.filter((error) => error !== stale)} problem={approve.last?.problem}
      reason={isStale ? 'Close, look at the selection again, then approve.' : null}>
      <p>The review ends with this selection. The next step works on it.</p>
      <Forecast forecast={review.keywordSelection.forecast} />
      <p>{money(review.spend.settled)} of {money(review.spend.limit)} is spent, {money(review.spend.remaining, 'no limit')} remains.</p>
      {isStale && (
        <Changes title={`You saw ${seen.count} selected; now there are ${review.keywordSelection.count}. ${current?.activity.sentence ?? ''}`}
          lines={selectionChanges(seen.selected, review.selected.nodes)} />
      )}
    </Dialog>
  )
}

export function RejectDialog({ review, onClose }: Props) {
  const navigate = useNavigate()
  const may = useMay()
  const reject = useAct(RejectSeedsDocument)
  const [to, setTo] = useState<StepKey>('COMPETITOR')
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
    <Dialog title="Send back with feedback" submit="Send back" kind="danger" onClose={onClose} onSubmit={submit}
      isBusy={reject.isBusy} errors={errorsElsewhere(errors, 'feedback')} problem={reject.last?.problem}
      reason={feedback.trim() === '' ? 'Write the feedback first.' : null}>
      <Field label="Step to run again">
        {(props) => (
          <select {...props} value={to} onChange={(event) => setTo(event.target.value as StepKey)}>
            <option value="COMPETITOR">2 Competitor analysis</option><option value="ICP">1 ICP generation</option>
          </select>
        )}
      </Field>
      <Field label="Feedback" path="feedback" errors={errors} hint="The next run of the step reads it. Your choices are kept for keywords that it finds again.">
        {(props) => <textarea {...props} rows={4} maxLength={2000} value={feedback} onChange={(event) => setFeedback(event.target.value)} />}
      </Field>
    </Dialog>
  )
}

export function AddDialog({ review, onClose }: Props) {
  const add = useAct(AddKeywordsDocument)
  const actors = useActors()
  const [text, setText] = useState('')
  const texts = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const submit = async () => {
    const { payload } = await add.run({ actors, input: { workflowId: review.id, texts, idempotencyKey: newKey() } })
    if (!payload?.workflow) return
    say(`${plural(payload.affected, 'keyword')} added and selected.`)
    onClose()
  }
  const errors = (add.last?.userErrors ?? []).map((error) => ({ ...error, field: error.field?.slice(0, 1) }))
  return (
    <Dialog title="Add keywords" submit={`Add ${plural(texts.length, 'keyword')}`} onClose={onClose} onSubmit={submit}
      isBusy={add.isBusy} errors={errorsElsewhere(errors, 'texts')} problem={add.last?.problem}
      reason={texts.length === 0 ? 'Write a keyword first.' : texts.length > 100 ? 'At most 100 keywords at once.' : null}>
      <Field label="Keywords, one a line" path="texts" errors={errors}>
        {(props) => <textarea {...props} rows={6} value={text} onChange={(event) => setText(event.target.value)} />}
      </Field>
    </Dialog>
  )
}
