// The organization's name for people.
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { SetOrganizationNameDocument } from '../../gql/graphql'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'

export function NameDialog({ current, onClose }: { current: string; onClose: () => void }) {
  const [name, setName] = useState(current)
  const [reason, setReason] = useState('')
  const set = useAct(SetOrganizationNameDocument)
  const submit = async () => {
    const { payload } = await set.run({ input: { name: name.trim(), reason: reason.trim() || null, idempotencyKey: newKey() } })
    if (!payload?.organization) return
    say(`The organization is called ${payload.organization.name} now.`)
    onClose()
  }
  const errors = set.last?.userErrors ?? []
  return (
    <Dialog title="Name of the organization" submit="Set name" onClose={onClose} onSubmit={submit} isBusy={set.isBusy}
      reason={name.trim() === '' ? 'Write a name first.' : null} errors={errorsElsewhere(errors, 'name')} problem={set.last?.problem}>
      <Field label="Name" path="name" errors={errors}>
        {(props) => <input {...props} maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
