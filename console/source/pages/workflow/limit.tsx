// Sets the limit of a workflow.
import { useState } from 'react'
import { useAct, useKey } from '../../api/client'
import { SetWorkflowLimitDocument, type WorkflowRowFragment } from '../../gql/graphql'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { money } from '../../ui/format'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'

export function LimitDialog({ workflow, onClose }: { workflow: Pick<WorkflowRowFragment, 'id' | 'spend'>; onClose: () => void }) {
  const { spend } = workflow
  const [limit, setLimit] = useState(spend.limit ?? '')
  const [reason, setReason] = useState('')
  const idempotencyKey = useKey(limit.trim(), reason.trim())
  const set = useAct(SetWorkflowLimitDocument)
  const submit = async () => {
    const input = {
      workflowId: workflow.id, limit: limit.trim(), reason: reason.trim() || null,
      idempotencyKey,
    }
    const { payload } = await set.run({ input })
    if (!payload?.workflow) return
    say(`The limit is ${money(payload.workflow.spend.limit)} now.`)
    onClose()
  }
  const errors = set.last?.userErrors ?? []
  return (
    <Dialog title="Set the limit of the workflow" submit="Set limit" onClose={onClose} onSubmit={submit}
      isBusy={set.isBusy} reason={limit.trim() === '' ? 'Write an amount first.' : null}
      errors={errorsElsewhere(errors, 'limit')} problem={set.last?.problem}>
      <p>Spent: {money(spend.settled)}. Held for calls in flight: {money(spend.held)}. Limit: {money(spend.limit)}.</p>
      <Field label="Limit in US dollars" path="limit" errors={errors} hint="For example 2.50">
        {(props) => <input {...props} inputMode="decimal" value={limit} onChange={(event) => setLimit(event.target.value)} />}
      </Field>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
