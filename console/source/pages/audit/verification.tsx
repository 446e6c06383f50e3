// Has a worker verify the books of the organization, and shows the last runs.
import { useEffect } from 'react'
import { newKey, useAct, useRead } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { StartVerificationDocument, VerificationsDocument, type VerificationRowFragment } from '../../gql/graphql'
import { Badge } from '../../ui/badge'
import { Button, CopyButton, Empty, Loaded, Moment, ProblemNote } from '../../ui/basic'
import { words } from '../../ui/format'
import { Rows } from '../../ui/table'
import { headsOf, isOpen, resultOf, tones } from './verification-rules'

export function Verification() {
  const { role } = useViewer()
  const may = useMay()
  if (!may('VERIFY')) {
    return (
      <section className="card spaced" aria-labelledby="verification">
        <h2 id="verification">Verification</h2>
        <Button reason={denied(role, 'VERIFY')}>Verify now</Button>
      </section>
    )
  }
  return <Runs />
}

function Runs() {
  const read = useRead(VerificationsDocument, { first: 5, actors: useMay()('ACTORS') }, { keep: true })
  const start = useAct(StartVerificationDocument)
  const { again } = read
  const open = read.data?.viewer.organization.verifications.nodes.some((run) => isOpen(run.state)) ?? false
  useEffect(() => {
    if (!open) return undefined
    const timer = setInterval(again, 2000)
    return () => clearInterval(timer)
  }, [open, again])
  const begin = async () => {
    await start.run({ input: { idempotencyKey: newKey() } })
    again()
  }
  return (
    <section className="card spaced" aria-labelledby="verification">
      <h2 id="verification">Verification</h2>
      <p>A worker computes both journals, the balances and the counts again, and compares every table with those that explain it.</p>
      <div className="buttons verify-now"><Button kind="primary" isBusy={start.isBusy} reason={open ? 'A verification is running.' : null} onClick={() => void begin()}>Verify now</Button></div>
      {start.last?.problem && <ProblemNote problem={start.last.problem} />}
      {start.last?.userErrors.map((error) => <p key={error.code} className="note bad" role="alert">⚠ {error.message}</p>)}
      <Loaded read={read} rows={2}>
        {({ viewer: { organization: { verifications: { nodes } } } }) => nodes.length === 0
          ? <Empty title="No verification yet" />
          : <ul className="plain">{nodes.map((run) => <Run key={run.id} run={run} />)}</ul>}
      </Loaded>
    </section>
  )
}

function Run({ run }: { run: VerificationRowFragment }) {
  const heads = headsOf(run.checkpoint)
  return (
    <li className="spaced" data-row={run.id}>
      <p><Badge tone={tones[run.state]}>{words(run.state)}</Badge> <Moment at={run.endedAt ?? run.startedAt ?? run.createdAt} />{run.createdBy && `, ordered by ${run.createdBy}`}: {resultOf(run)}</p>
      {run.findings.length > 0 && (
        <Rows caption="Findings" columns={[{ label: 'Part' }, { label: 'Table' }, { label: 'Row', isText: true }, { label: 'Finding', isText: true }]}
          lines={run.findings.map((one, index) => ({
            key: index, cells: [words(one.kind), <code>{one.table}</code>, <code>{one.row}</code>, one.sentence],
          }))} />
      )}
      {heads && <p className="sub">{heads.count} heads, root <code>{heads.root}</code> <CopyButton text={run.checkpoint ?? ''} label="Copy the checkpoint" /></p>}
    </li>
  )
}
