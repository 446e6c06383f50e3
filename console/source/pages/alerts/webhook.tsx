// The webhook that receives the alerts.
import { useState } from 'react'
import { newKey, useAct, type Outcome } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { SetAlertWebhookDocument, TestAlertWebhookDocument, type TestAlertWebhookMutation } from '../../gql/graphql'
import { Button, ProblemNote } from '../../ui/basic'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { ReasonField } from '../../ui/reason'
import { Secret } from '../../ui/secret'

type WebhookProps = { url?: string | null; again: () => void }

/** The address, with the buttons that change and test it. */
export function Webhook({ url, again }: WebhookProps) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  const test = useAct(TestAlertWebhookDocument)
  const right = may('SETTINGS') ? null : denied(role, 'SETTINGS')
  return (
    <>
      <p className="address-text">{url ?? 'No webhook receives the alerts.'}</p>
      <div className="buttons">
        <Button reason={right} onClick={() => { test.reset(); setOpen(true) }}>{url ? 'Change the webhook' : 'Set a webhook'}</Button>
        <Button reason={right ?? (url ? null : 'There is no webhook.')} isBusy={test.isBusy}
          onClick={() => void test.run({ input: { idempotencyKey: newKey() } })}>Send a test</Button>
      </div>
      <div role="status">{test.last && !test.isBusy && <Tested outcome={test.last} />}</div>
      {isOpen && <WebhookDialog current={url ?? ''} onClose={() => { setOpen(false); again() }} />}
    </>
  )
}

function Tested({ outcome }: { outcome: Outcome<TestAlertWebhookMutation['testAlertWebhook']> }) {
  const { payload, problem, userErrors } = outcome
  if (problem) return <ProblemNote problem={problem} />
  if (userErrors[0] || !payload) return <p className="note bad">⚠ {userErrors[0]?.message}</p>
  if (payload.delivered) return <p className="note good">✓ The receiver took the test message, with status {payload.status}.</p>
  if (payload.status) return <p className="note bad">⚠ The receiver answered with status {payload.status}. An alert is delivered with a status of 200 to 299.</p>
  return <p className="note bad">⚠ The test message has no answer: {payload.problem}.</p>
}

function WebhookDialog({ current, onClose }: { current: string; onClose: () => void }) {
  const [url, setUrl] = useState(current)
  const [reason, setReason] = useState('')
  const set = useAct(SetAlertWebhookDocument)
  const secret = set.last?.payload?.secret
  const errors = set.last?.userErrors ?? []
  const submit = async () => {
    const input = { url: url.trim() || null, reason: reason.trim() || null, idempotencyKey: newKey() }
    const { payload } = await set.run({ input })
    if (payload?.organization && !payload.secret) onClose()
  }
  if (secret) {
    return <Secret title="The webhook’s secret" secret={secret} copy="Copy the secret" onClose={onClose}
      about="It signs the messages from now on. This is the only time that it is shown." />
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
