// The next actions of a workflow, as buttons with their dialogs.
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { newKey, useAct, useKey, type Outcome } from '../../api/client'
import { useMay, useViewer } from '../../api/viewer'
import {
  CancelWorkflowDocument, RetryStepDocument, StartStepDocument, TransitionWorkflowDocument, type NextStepsFragment, type WorkflowState,
} from '../../gql/graphql'
import { Button } from '../../ui/basic'
import { Dialog, Field } from '../../ui/dialog'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'
import { actionsOf, backSteps, type Action } from './actions'
import { LimitDialog } from './limit'
import type { Steps } from './page'
import { Refusal } from './refusal'

type NextProps = {
  workflow: NextStepsFragment
  steps: Steps
  /** The buttons say which workflow they are of: for a list. */
  isNamed?: boolean
}

export function NextActions({ workflow, steps, isNamed = false }: NextProps) {
  const { role } = useViewer()
  const may = useMay()
  const [open, setOpen] = useState<'back' | 'cancel' | 'limit' | null>(null)
  const { act, isBusy, refusal } = useActions(workflow)
  const onAction = (action: Action) => {
    if (action.key === 'back' || action.key === 'cancel' || action.key === 'limit') setOpen(action.key)
    else act(action.key)
  }
  return (
    <>
      {refusal && <Refusal outcome={refusal} />}
      <div className="buttons">
        {actionsOf(workflow, steps, role, may).map((action) => (
          <Button key={action.key} kind={action.kind} reason={action.reason} aria-label={isNamed ? `${action.label}: ${workflow.name}` : undefined}
            isBusy={isBusy && (action.key === 'start' || action.key === 'retry')} onClick={() => onAction(action)}>
            {action.label}
          </Button>
        ))}
      </div>
      {open === 'cancel' && <CancelDialog workflow={workflow} onClose={() => setOpen(null)} />}
      {open === 'back' && <BackDialog workflow={workflow} steps={steps} onClose={() => setOpen(null)} />}
      {open === 'limit' && <LimitDialog workflow={workflow} onClose={() => setOpen(null)} />}
    </>
  )
}

function useActions(workflow: NextStepsFragment) {
  const navigate = useNavigate()
  const may = useMay()
  const start = useAct(StartStepDocument)
  const retry = useAct(RetryStepDocument)
  const [refusal, setRefusal] = useState<Outcome<unknown> | null>(null)
  const actors = may('ACTORS')
  const act = async (key: Action['key']) => {
    if (key === 'review') return navigate({ to: '/workflows/$id/keywords', params: { id: workflow.id } })
    if (key === 'plan') return navigate({ to: '/workflows/$id/plan', params: { id: workflow.id } })
    if (key === 'publish') return navigate({ to: '/workflows/$id/publish', params: { id: workflow.id } })
    if (key === 'articles') return navigate({ to: '/workflows/$id/articles', params: { id: workflow.id } })
    const input = { workflowId: workflow.id, idempotencyKey: newKey() }
    const outcome = key === 'start' ? await start.run({ input, actors }) : await retry.run({ input, actors })
    setRefusal(outcome.payload?.workflow ? null : outcome)
  }
  return { act, isBusy: start.isBusy || retry.isBusy, refusal }
}

function CancelDialog({ workflow, onClose }: { workflow: NextStepsFragment; onClose: () => void }) {
  const may = useMay()
  const cancel = useAct(CancelWorkflowDocument)
  const [reason, setReason] = useState('')
  const idempotencyKey = useKey(reason.trim())
  const submit = async () => {
    const input = { workflowId: workflow.id, reason: reason.trim() || null, idempotencyKey }
    const { payload } = await cancel.run({ input, actors: may('ACTORS') })
    if (!payload?.workflow) return
    say('The workflow is cancelled.')
    onClose()
  }
  return (
    <Dialog title={`Cancel “${workflow.name}”?`} submit="Cancel the workflow" kind="danger" onClose={onClose}
      onSubmit={submit} isBusy={cancel.isBusy} errors={cancel.last?.userErrors} problem={cancel.last?.problem}>
      <p>A running step stops, its result is dropped, and its cost is booked. A cancelled workflow never changes again.</p>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}

function BackDialog({ workflow, steps, onClose }: { workflow: NextStepsFragment; steps: Steps; onClose: () => void }) {
  const may = useMay()
  const send = useAct(TransitionWorkflowDocument)
  const choices = backSteps(steps, workflow.nextStates, workflow.step?.number ?? 0)
  const [to, setTo] = useState(choices.at(-1)?.key ?? 'ICP')
  const [reason, setReason] = useState('')
  const idempotencyKey = useKey(to, reason.trim())
  const submit = async () => {
    const { payload } = await send.run({
      actors: may('ACTORS'),
      input: {
        workflowId: workflow.id, from: workflow.state, to: `${to}_PENDING` as WorkflowState, version: workflow.version,
        reason: reason.trim() || null, idempotencyKey,
      },
    })
    if (!payload?.workflow) return
    say('The workflow was sent back.')
    onClose()
  }
  return (
    <Dialog title="Send back to an earlier step" submit="Send back" kind="danger" onClose={onClose} onSubmit={submit}
      isBusy={send.isBusy} errors={send.last?.userErrors} problem={send.last?.problem}>
      <p>The step and all later ones run again. Their results stay readable as superseded.</p>
      <Field label="Step">
        {(props) => (
          <select {...props} value={to} onChange={(event) => setTo(event.target.value as typeof to)}>
            {choices.map((step) => <option key={step.key} value={step.key}>{step.number} {step.label}</option>)}
          </select>
        )}
      </Field>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
