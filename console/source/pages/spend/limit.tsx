// Sets the limit of the organization's months.
import { useState } from 'react'
import { useAct, useKey } from '../../api/client'
import { SetMonthlyLimitDocument } from '../../gql/graphql'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { money } from '../../ui/format'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'

export function MonthLimitDialog({ onClose }: { onClose: () => void }) {
  const [limit, setLimit] = useState('')
  const [reason, setReason] = useState('')
  const idempotencyKey = useKey(limit.trim(), reason.trim())
  const set = useAct(SetMonthlyLimitDocument)
  const submit = async () => {
    const text = limit.trim()
    const { payload } = await set.run({ input: { limit: text, reason: reason.trim() || null, idempotencyKey } })
    if (!payload?.organization) return
    say(`The month’s limit is ${money(payload.organization.spend.limit)} now.`)
    onClose()
  }
  const errors = set.last?.userErrors ?? []
  return (
    <Dialog title="Set the month’s limit" submit="Set limit" onClose={onClose} onSubmit={submit} isBusy={set.isBusy}
      reason={limit.trim() === '' ? 'Write an amount first.' : null} errors={errorsElsewhere(errors, 'limit')} problem={set.last?.problem}>
      <p>It counts for this month and all later ones.</p>
      <Field label="Limit in US dollars" path="limit" errors={errors} hint="For example 40.00">
        {(props) => <input {...props} inputMode="decimal" value={limit} onChange={(event) => setLimit(event.target.value)} />}
      </Field>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
