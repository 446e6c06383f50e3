// The forms of publish targets, and the one view of a new secret.
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { useMay } from '../../api/viewer'
import { CreatePublishTargetDocument, SetPublishTargetSecretDocument, type PublishPolicy, type PublishTargetKind, type TargetRowFragment } from '../../gql/graphql'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { words } from '../../ui/format'
import { ReasonField } from '../../ui/reason'
import { Secret } from '../../ui/secret'
import { say } from '../../ui/toast'

const kinds: PublishTargetKind[] = ['WORDPRESS', 'GHOST', 'WEBHOOK', 'FILE']
const secretLabels: Partial<Record<PublishTargetKind, string>> = { WORDPRESS: 'Application password', GHOST: 'Admin API key' }

function ShownSecret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return <Secret title="The webhook’s secret" secret={secret} copy="Copy the secret" onClose={onClose}
    about="It signs the messages. This is the only time that it is shown." />
}

type Form = { name: string; kind: PublishTargetKind; policy: PublishPolicy; baseUrl: string; username: string; secret: string }

const fieldNames = ['name', 'baseUrl', 'username', 'secret', 'kind', 'policy']

export function NewTargetDialog({ onClose }: { onClose: () => void }) {
  const actors = useMay()('ACTORS')
  const create = useAct(CreatePublishTargetDocument)
  const [form, setForm] = useState<Form>({ name: '', kind: 'WORDPRESS', policy: 'DRAFT', baseUrl: '', username: '', secret: '' })
  const [reason, setReason] = useState('')
  const set = (change: Partial<Form>) => setForm({ ...form, ...change })
  const errors = create.last?.userErrors ?? []
  const submit = async () => {
    const { kind } = form
    const { payload } = await create.run({
      actors,
      input: {
        name: form.name.trim(), kind, policy: form.policy, baseUrl: kind === 'FILE' ? null : form.baseUrl.trim() || null,
        username: kind === 'WORDPRESS' ? form.username.trim() || null : null, secret: secretLabels[kind] ? form.secret || null : null,
        reason: reason.trim() || null, idempotencyKey: newKey(),
      },
    })
    if (!payload?.target || payload.secret) return
    say(`The target ${payload.target.name} is created.`)
    onClose()
  }
  const secret = create.last?.payload?.secret
  if (secret) return <ShownSecret secret={secret} onClose={onClose} />
  const text = (name: 'name' | 'baseUrl' | 'username' | 'secret', label: string, hint?: string) => (
    <Field label={label} path={name} errors={errors} hint={hint}>
      {(props) => <input {...props} type={name === 'secret' ? 'password' : 'text'} autoComplete="off" value={form[name]} onChange={(event) => set({ [name]: event.target.value })} />}
    </Field>
  )
  return (
    <Dialog title="New publish target" submit="Create target" onClose={onClose} onSubmit={submit} isBusy={create.isBusy}
      reason={form.name.trim() === '' ? 'Name the target first.' : null} errors={errorsElsewhere(errors, ...fieldNames)} problem={create.last?.problem}>
      {text('name', 'Name')}
      <Field label="Kind" path="kind" errors={errors}>
        {(props) => <select {...props} value={form.kind} onChange={(event) => set({ kind: event.target.value as PublishTargetKind })}>{kinds.map((kind) => <option key={kind} value={kind}>{words(kind)}</option>)}</select>}
      </Field>
      {form.kind !== 'FILE' && text('baseUrl', 'Address', 'For example https://blog.example')}
      {form.kind === 'WORDPRESS' && text('username', 'Account')}
      {secretLabels[form.kind] && text('secret', secretLabels[form.kind]!, 'It is encrypted at once and never shown again.')}
      <Field label="How far an article goes" path="policy" errors={errors}>
        {(props) => (
          <select {...props} value={form.policy} onChange={(event) => set({ policy: event.target.value as PublishPolicy })}>
            <option value="DRAFT">To a draft: a person publishes it on the site</option><option value="PUBLISH">To a public post</option>
          </select>
        )}
      </Field>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}

export function SecretDialog({ target, onClose }: { target: TargetRowFragment; onClose: () => void }) {
  const actors = useMay()('ACTORS')
  const act = useAct(SetPublishTargetSecretDocument)
  const [value, setValue] = useState('')
  const label = secretLabels[target.kind]
  const submit = async () => {
    const { payload } = await act.run({ actors, input: { targetId: target.id, secret: label ? value : null, idempotencyKey: newKey() } })
    if (!payload?.target || payload.secret) return
    say('The secret is replaced.')
    onClose()
  }
  const secret = act.last?.payload?.secret
  if (secret) return <ShownSecret secret={secret} onClose={onClose} />
  const errors = act.last?.userErrors ?? []
  return (
    <Dialog title={`New secret for “${target.name}”`} submit="Replace the secret" onClose={onClose} onSubmit={submit} isBusy={act.isBusy}
      reason={label && value === '' ? 'Paste the secret first.' : null} errors={errorsElsewhere(errors, 'secret')} problem={act.last?.problem}>
      {label
        ? <Field label={label} path="secret" errors={errors}>{(props) => <input {...props} type="password" autoComplete="off" value={value} onChange={(event) => setValue(event.target.value)} />}</Field>
        : <p>The engine makes a new secret. The old one stops signing at once.</p>}
    </Dialog>
  )
}
