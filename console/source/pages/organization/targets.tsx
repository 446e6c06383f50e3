// The sites that articles are published to.
import { useEffect, useState } from 'react'
import { newKey, useAct, useRead } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { PublishTargetsDocument, RetirePublishTargetDocument, TestPublishTargetDocument, type PublishTargetState, type TargetRowFragment } from '../../gql/graphql'
import { Button, Empty, Loaded, Moment, Synthetic } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { Dialog } from '../../ui/dialog'
import { words } from '../../ui/format'
import { ReasonField } from '../../ui/reason'
import { say } from '../../ui/toast'
import { Refusal } from '../workflow/refusal'
import { NewTargetDialog, SecretDialog } from './target-dialogs'

export function Targets() {
  const { role } = useViewer()
  const may = useMay()
  const actors = may('ACTORS')
  const [isCreating, setCreating] = useState(false)
  const read = useRead(PublishTargetsDocument, { actors })
  const right = may('SETTINGS') ? null : denied(role, 'SETTINGS')
  const targets = read.data?.viewer.organization.publishTargets ?? []
  const isChecking = targets.some((target) => target.state === 'CHECKING')
  const { again } = read
  useEffect(() => { // A worker tries the target; that ends within seconds.
    if (!isChecking) return
    const timer = setInterval(again, 1000)
    return () => clearInterval(timer)
  }, [isChecking, again])
  return (
    <section aria-labelledby="targets">
      <div className="page-title"><h2 id="targets">Publish targets</h2><Button reason={right} onClick={() => setCreating(true)}>New target</Button></div>
      <Loaded read={read} rows={2}>
        {() => (targets.length === 0
          ? <Empty title="There is no publish target yet"><p>Articles are published to WordPress, Ghost, a webhook or files.</p></Empty>
          : <ul className="feed">{targets.map((target) => <Target key={target.id} target={target} right={right} again={again} />)}</ul>)}
      </Loaded>
      {isCreating && <NewTargetDialog onClose={() => { setCreating(false); again() }} />}
    </section>
  )
}

const tones: Record<PublishTargetState, string> = {
  UNCHECKED: 'neutral', CHECKING: 'active', READY: 'good', FAILED: 'bad', RETIRED: 'neutral',
}

type TargetProps = { target: TargetRowFragment; right: string | null; again: () => void }

function Target({ target, right, again }: TargetProps) {
  const actors = useMay()('ACTORS')
  const test = useAct(TestPublishTargetDocument)
  const [open, setOpen] = useState<'retire' | 'secret' | null>(null)
  const over = target.state === 'RETIRED' ? 'The target is retired.' : null
  const busy = target.state === 'CHECKING' ? 'A test is running.' : null
  const close = () => { setOpen(null); again() }
  const run = async () => {
    await test.run({ input: { targetId: target.id, idempotencyKey: newKey() }, actors })
    again()
  }
  const refused = test.last && (test.last.problem || test.last.userErrors.length > 0)
  return (
    <li className="card" data-row={target.id}>
      <p><Badge tone={tones[target.state]}>{words(target.state)}</Badge> <strong>{target.name}</strong> <span className="faint">{words(target.kind)}, {target.policy === 'DRAFT' ? 'drafts only' : 'public posts'}</span> {target.isSynthetic && <Synthetic />}</p>
      <p className="sub">{[target.baseUrl, target.siteName, target.account ?? target.username].filter(Boolean).map((part) => `${part} · `).join('')}since <Moment at={target.changedAt} /></p>
      {target.failure && <p className="note bad">⚠ {words(target.failure)}. {target.message}</p>}
      {refused && test.last && <Refusal outcome={test.last} />}
      <div className="buttons">
        <Button reason={over ?? right ?? busy} isBusy={test.isBusy} onClick={() => void run()}>Test</Button>
        <Button reason={over ?? right ?? (target.kind === 'FILE' ? 'Files need no secret.' : null)} onClick={() => setOpen('secret')}>New secret</Button>
        <Button kind="danger" reason={over ?? right} onClick={() => setOpen('retire')}>Retire</Button>
      </div>
      {open === 'retire' && <RetireDialog target={target} onClose={close} />}
      {open === 'secret' && <SecretDialog target={target} onClose={close} />}
    </li>
  )
}

function RetireDialog({ target, onClose }: { target: TargetRowFragment; onClose: () => void }) {
  const actors = useMay()('ACTORS')
  const [reason, setReason] = useState('')
  const retire = useAct(RetirePublishTargetDocument)
  const submit = async () => {
    const { payload } = await retire.run({ actors, input: { targetId: target.id, reason: reason.trim() || null, idempotencyKey: newKey() } })
    if (!payload?.target) return
    say(`The target ${target.name} is retired.`)
    onClose()
  }
  return (
    <Dialog title={`Retire “${target.name}”?`} submit="Retire the target" kind="danger" onClose={onClose} onSubmit={submit}
      isBusy={retire.isBusy} errors={retire.last?.userErrors} problem={retire.last?.problem}>
      <p>No article is published to it any more. This is final.</p>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  )
}
