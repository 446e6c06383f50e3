// The journal, the calls and the ledger of a workflow, and the check of their chains.
import { useState, type ReactNode } from 'react'
import { useAsk, useRead } from '../../api/client'
import { useWhenChanged } from '../../api/store'
import { denied, useMay, useViewer } from '../../api/viewer'
import { CallsDocument, JournalDocument, LedgerDocument, type CallRowFragment, type EntryRowFragment, type JournalRowFragment } from '../../gql/graphql'
import { Button, CopyButton, Empty, Loaded, Moment, Money } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'
import { verifyJournal, verifyLedger, type Verdict } from './chain'

const pageSize = 50

/** Pages of a list, whose place is in the address. */
function usePages() {
  const [after, setAfter] = usePlace()
  const pager = (pageInfo: { hasNextPage: boolean; endCursor?: string | null }) => (
    <Pager after={after} next={nextOf(pageInfo)} onPage={setAfter} />
  )
  return { after, pager }
}

export function Rows({ head, children, caption }: { head: ReactNode; children: ReactNode; caption: string }) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={caption}>
      <table className="table"><caption className="hidden">{caption}</caption><thead><tr>{head}</tr></thead><tbody>{children}</tbody></table>
    </div>
  )
}

function Hash({ hash }: { hash: string }) {
  return <span className="hash"><code title={hash}>{hash.slice(0, 10)}…</code> <CopyButton text={hash} label="Copy the hash" /></span>
}

export function Journal({ id, changes }: { id: string; changes: number }) {
  const actors = useMay()('ACTORS')
  const { after, pager } = usePages()
  const read = useRead(JournalDocument, { id, first: pageSize, after, actors }, { keep: true })
  useWhenChanged(changes, read.again)
  return (
    <>
      <Verify kind="journal" id={id} />
      <Loaded read={read}>
        {({ workflow }) => workflow && (
          <>
            <Rows caption="Journal" head={<>
              <th scope="col" className="right">Version</th><th scope="col">Kind</th><th scope="col">From</th><th scope="col">To</th>
              {actors && <><th scope="col">Actor</th><th scope="col">Reason</th></>}<th scope="col">Time</th><th scope="col">Hash</th>
            </>}>
              {workflow.transitions.nodes.map((row) => <JournalLine key={row.id} row={row} actors={actors} />)}
            </Rows>
            {pager(workflow.transitions.pageInfo)}
          </>
        )}
      </Loaded>
    </>
  )
}

function JournalLine({ row, actors }: { row: JournalRowFragment; actors: boolean }) {
  return (
    <tr data-row={row.id}>
      <td className="right figure">{row.version}</td>
      <td><Badge tone={row.kind === 'FAIL' ? 'bad' : row.kind === 'RESET' || row.kind === 'CANCEL' ? 'warn' : 'neutral'}>{words(row.kind)}</Badge></td>
      <td>{row.from ? words(row.from) : <span className="faint">–</span>}</td><td>{words(row.to)}</td>
      {actors && <><td>{row.actor}</td><td className="reason">{row.reason}</td></>}
      <td><Moment at={row.occurredAt} /></td><td><Hash hash={row.hash} /></td>
    </tr>
  )
}

export function Calls({ id, changes }: { id: string; changes: number }) {
  const { after, pager } = usePages()
  const read = useRead(CallsDocument, { id, first: pageSize, after }, { keep: true })
  useWhenChanged(changes, read.again)
  return (
    <Loaded read={read}>
      {({ workflow }) => workflow && (workflow.calls.nodes.length === 0
        ? <Empty title="There is no call yet"><p>Each request to a language model appears here, with its hold and its cost.</p></Empty>
        : (
          <>
            <Rows caption="Calls" head={<CallHead />}>
              {workflow.calls.nodes.map((row) => <CallLine key={row.id} row={row} />)}
            </Rows>
            {pager(workflow.calls.pageInfo)}
          </>
        ))}
    </Loaded>
  )
}

export function CallHead({ workflow = false }: { workflow?: boolean }) {
  return (
    <>
      <th scope="col">State</th>{workflow && <th scope="col">Workflow</th>}<th scope="col">Step</th><th scope="col">Model</th><th scope="col" className="right">Hold</th>
      <th scope="col" className="right">Cost</th><th scope="col" className="right">Tokens</th><th scope="col">Actor</th><th scope="col">Reserved</th>
    </>
  )
}

export function CallLine({ row, workflow }: { row: CallRowFragment; workflow?: ReactNode }) {
  return (
    <tr data-row={row.id}>
      <td>
        <Badge tone={row.state === 'UNKNOWN' ? 'warn' : 'neutral'}>{words(row.state)}</Badge>
        {row.overage && <> <Badge tone="bad">over the hold</Badge></>}
        {row.failureCode && <span className="sub">{words(row.failureCode)}</span>}
      </td>
      {workflow && <td>{workflow}</td>}
      <td>{row.step ? words(row.step) : '–'}</td>
      <td>{row.answeredModel ?? row.models.join(', ')}{row.provider && <span className="sub">{row.provider}</span>}</td>
      <td className="right"><Money amount={row.hold} /></td><td className="right"><Money amount={row.cost} none="–" /></td>
      <td className="right figure">{row.usage ? `${row.usage.promptTokens} + ${row.usage.completionTokens}` : '–'}</td>
      <td>{row.actor}</td><td><Moment at={row.reservedAt} /></td>
    </tr>
  )
}

export function Ledger({ id, changes }: { id: string; changes: number }) {
  const { after, pager } = usePages()
  const read = useRead(LedgerDocument, { id, first: pageSize, after }, { keep: true })
  useWhenChanged(changes, read.again)
  return (
    <>
      <Verify kind="ledger" id={id} />
      <Loaded read={read}>
        {({ workflow }) => workflow && (
          <>
            <Rows caption="Ledger" head={<EntryHead />}>
              {workflow.ledger.nodes.map((row) => <EntryLine key={row.id} row={row} />)}
            </Rows>
            {pager(workflow.ledger.pageInfo)}
          </>
        )}
      </Loaded>
    </>
  )
}

export function EntryHead() {
  return (
    <>
      <th scope="col" className="right">Number</th><th scope="col">Kind</th><th scope="col" className="right">Spent ±</th>
      <th scope="col" className="right">Held ±</th><th scope="col" className="right">Spent</th><th scope="col" className="right">Held</th>
      <th scope="col" className="right">Limit</th><th scope="col">Actor</th><th scope="col">Reason</th><th scope="col">Time</th><th scope="col">Hash</th>
    </>
  )
}

export function EntryLine({ row }: { row: EntryRowFragment }) {
  const amounts = [row.settledDelta, row.heldDelta, row.settledAfter, row.heldAfter, row.limitAfter]
  return (
    <tr data-row={row.id}>
      <td className="right figure">{row.sequence}</td>
      <td><Badge>{words(row.kind)}</Badge>{row.overage && <> <Badge tone="bad">overage</Badge></>}</td>
      {amounts.map((amount, index) => <td key={index} className="right"><Money amount={amount} /></td>)}
      <td>{row.actor}</td><td className="reason">{row.reason}</td>
      <td><Moment at={row.occurredAt} /></td><td><Hash hash={row.hash} /></td>
    </tr>
  )
}

/** Reads a whole chain by pages and recomputes it in this browser. */
function useVerify(kind: 'journal' | 'ledger', id: string) {
  const ask = useAsk()
  const { organization } = useViewer()
  return async (): Promise<Verdict> => {
    const journal: JournalRowFragment[] = []
    const ledger: EntryRowFragment[] = []
    for (let after: string | null | undefined = null; ;) {
      const variables: { id: string; first: number; after: string | null | undefined } = { id, first: 100, after }
      const { data, problem } = kind === 'journal'
        ? await ask(JournalDocument, { ...variables, actors: true }) : await ask(LedgerDocument, variables)
      if (!data?.workflow) throw new Error(problem?.message ?? 'The chain could not be read.')
      const found = data.workflow
      if ('transitions' in found) journal.push(...found.transitions.nodes)
      else ledger.push(...found.ledger.nodes)
      const { hasNextPage, endCursor } = 'transitions' in found ? found.transitions.pageInfo : found.ledger.pageInfo
      if (!hasNextPage) break
      after = endCursor
    }
    return kind === 'journal' ? verifyJournal(organization.id, id, journal) : verifyLedger(organization.id, id, ledger)
  }
}

function Verify({ kind, id }: { kind: 'journal' | 'ledger'; id: string }) {
  const may = useMay()
  const { role } = useViewer()
  const verify = useVerify(kind, id)
  const [state, setState] = useState<Verdict | 'busy' | Error | null>(null)
  const begin = () => {
    setState('busy')
    verify().then(setState, setState)
  }
  return (
    <div className="verify">
      <Button isBusy={state === 'busy'} reason={may('ACTORS') ? null : denied(role, 'ACTORS')} onClick={begin}>Verify this chain</Button>
      <span className="hint">Recomputes every hash in this browser.</span>
      <div role="status">{state !== null && state !== 'busy' && <VerdictNote verdict={state} />}</div>
    </div>
  )
}

function VerdictNote({ verdict }: { verdict: Verdict | Error }) {
  if (verdict instanceof Error) return <p className="note bad">⚠ {verdict.message}</p>
  if ('brokenAt' in verdict) {
    return <p className="note bad">✕ The chain breaks at row {verdict.brokenAt}. {verdict.why}</p>
  }
  return <p className="note good">✓ All {verdict.rows} rows fit. Head: <Hash hash={verdict.head} /></p>
}
