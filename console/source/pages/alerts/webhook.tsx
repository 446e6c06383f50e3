// The webhook that receives the alerts.
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { SetAlertWebhookDocument } from '../../gql/graphql'
import { Button, CopyButton } from '../../ui/basic'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { ReasonField } from '../../ui/reason'

export function WebhookButton({ url, again }: { url?: string | null; again: () => void }) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button reason={may('SETTINGS') ? null : denied(role, 'SETTINGS')} onClick={() => setOpen(true)}>Webhook</Button>
      {isOpen && <WebhookDialog current={url ?? ''} onClose={() => { setOpen(false); again() }} />}
    </>
  )
}

function WebhookDialog({ current, onClose }: { current: string; onClose: () => void }) {
  const [url, setUrl] = useState(current)
  const [reason, setReason] = useState('')
  const set = useAct(SetAlertWebhookDocument)
  const secret = set.last?.payload?.secret
  const errors = set.last?.userErrors ?? []
  const submit = async () => {
    if (set.last?.payload?.organization) return onClose()
    const input = { url: url.trim() || null, reason: reason.trim() || null, idempotencyKey: newKey() }
    const { payload } = await set.run({ input })
    if (payload?.organization && !payload.secret) onClose()
  }
  if (secret) {
    return (
      <Dialog title="The webhook’s secret" submit="I have kept it" onClose={onClose} onSubmit={onClose}>
        <p>It signs the messages from now on. This is the only time that it is shown.</p>
        <p><code className="secret">{secret}</code> <CopyButton text={secret} label="Copy the secret" /></p>
      </Dialog>
    )
  }
  return (
    <Dialog title="Webhook for alerts" submit={url.trim() === '' ? 'Remove the webhook' : 'Set the webhook'} onClose={onClose}
      onSubmit={submit} isBusy={set.isBusy} errors={errorsElsewhere(errors, 'url')} problem={set.last?.problem}>
      <p>Each change makes a new signing secret, also for the same address.</p>
      <Field label="Address" path="url" errors={errors} hint="https and public. Empty removes the webhook.">
        {(props) => <input {...props} type="url" value={url} onChange={(event) => setUrl(event.target.value)} />}
      </Field>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
