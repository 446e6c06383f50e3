// API keys: for programs that sign in.
import { useState } from 'react'
import { newKey, useAct, useRead } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { ApiKeysDocument, CreateApiKeyDocument, RevokeApiKeyDocument, type KeyRowFragment, type Role } from '../../gql/graphql'
import { Button, Empty, Loaded, Moment, PageTitle } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'
import { ReasonField } from '../../ui/reason'
import { Secret } from '../../ui/secret'
import { Rows, type Column } from '../../ui/table'
import { say } from '../../ui/toast'

const roles: Role[] = ['VIEWER', 'WORKER', 'AUDITOR', 'OPERATOR', 'FINANCE', 'ADMIN']

export function KeysPage() {
  const { role } = useViewer()
  const may = useMay()
  const [after, setAfter] = usePlace()
  const [isCreating, setCreating] = useState(false)
  const read = useRead(ApiKeysDocument, { first: 50, after })
  const right = may('KEYS') ? null : denied(role, 'KEYS')
  return (
    <>
      <PageTitle title="API keys"><Button kind="primary" reason={right} onClick={() => setCreating(true)}>New key</Button></PageTitle>
      <Loaded read={read}>
        {({ viewer: { organization: { apiKeys } } }) => (apiKeys.nodes.length === 0
          ? <Empty title="There is no API key yet"><p>A program signs in with a key instead of a token.</p></Empty>
          : <><Table rows={apiKeys.nodes} right={right} again={read.again} /><Pager after={after} next={nextOf(apiKeys.pageInfo)} onPage={setAfter} /></>)}
      </Loaded>
      {isCreating && <CreateDialog onClose={() => { setCreating(false); read.again() }} />}
    </>
  )
}

function Table({ rows, right, again }: { rows: KeyRowFragment[]; right: string | null; again: () => void }) {
  const [revoking, setRevoking] = useState<KeyRowFragment | null>(null)
  return (
    <>
      <Rows caption="API keys" columns={columns} lines={rows.map((key) => ({
        key: key.id,
        cells: [
          key.name,
          <span><Badge tone={key.state === 'ACTIVE' ? 'good' : 'neutral'}>{words(key.state)}</Badge>{key.revokedBy && <span className="sub">by {key.revokedBy}</span>}</span>,
          key.role, <code>{key.prefix}</code>, <Moment at={key.lastUsedAt} />, <Moment at={key.expiresAt} />,
          <span><Moment at={key.createdAt} /><span className="sub">{key.createdBy}</span></span>,
          <Button kind="danger" aria-label={`Revoke ${key.name}`} onClick={() => setRevoking(key)}
            reason={key.state === 'ACTIVE' ? right : `The key is ${words(key.state).toLowerCase()} already.`}>Revoke</Button>,
        ],
      }))} />
      {revoking && <RevokeDialog apiKey={revoking} onClose={() => { setRevoking(null); again() }} />}
    </>
  )
}

const columns: Column[] = [
  { label: 'Name', isHead: true }, { label: 'State' }, { label: 'Role' }, { label: 'Begins with' }, { label: 'Last used' }, { label: 'Expires' },
  { label: 'Created' }, { label: 'Actions', isHidden: true },
]

/** The moment some days from now. */
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('VIEWER')
  const [days, setDays] = useState('90')
  const create = useAct(CreateApiKeyDocument)
  const secret = create.last?.payload?.secret
  const errors = create.last?.userErrors ?? []
  const submit = () => create.run({ input: { name: name.trim(), role, expiresAt: inDays(Number(days)), idempotencyKey: newKey() } })
  if (secret) {
    return <Secret title="The new key" secret={secret} copy="Copy the key" onClose={onClose}
      about="This is the only time that the key is shown. If you lose it, revoke it and create another one." />
  }
  return (
    <Dialog title="New API key" submit="Create key" onClose={onClose} onSubmit={submit} isBusy={create.isBusy}
      reason={name.trim() === '' ? 'Name the key first.' : null} errors={errorsElsewhere(errors, 'name', 'role', 'expiresAt')} problem={create.last?.problem}>
      <Field label="Name" path="name" errors={errors} hint="The journals name the key’s actions by it. No other key ever gets the name.">
        {(props) => <input {...props} maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Role" path="role" errors={errors}>
        {(props) => <select {...props} value={role} onChange={(event) => setRole(event.target.value as Role)}>{roles.map((one) => <option key={one}>{one}</option>)}</select>}
      </Field>
      <Field label="Expires in" path="expiresAt" errors={errors}>
        {(props) => (
          <select {...props} value={days} onChange={(event) => setDays(event.target.value)}>
            <option value="7">7 days</option><option value="30">30 days</option><option value="90">90 days</option><option value="365">365 days</option>
          </select>
        )}
      </Field>
    </Dialog>
  )
}

function RevokeDialog({ apiKey, onClose }: { apiKey: KeyRowFragment; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const revoke = useAct(RevokeApiKeyDocument)
  const submit = async () => {
    const { payload } = await revoke.run({ input: { keyId: apiKey.id, reason: reason.trim() || null, idempotencyKey: newKey() } })
    if (!payload?.apiKey) return
    say(`The key ${apiKey.name} is revoked.`)
    onClose()
  }
  return (
    <Dialog title={`Revoke “${apiKey.name}”?`} submit="Revoke the key" kind="danger" onClose={onClose} onSubmit={submit}
      isBusy={revoke.isBusy} errors={revoke.last?.userErrors} problem={revoke.last?.problem}>
      <p>Every server refuses the key at once. It cannot be made valid again.</p>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
