// The journal, the calls and the ledger of a workflow, and the check of their chains.
import { useState } from 'react'
import { useAsk, useRead } from '../../api/client'
import { useWhenChanged } from '../../api/store'
import { denied, useMay, useViewer } from '../../api/viewer'
import { CallsDocument, JournalDocument, LedgerDocument, type CallRowFragment, type EntryRowFragment, type JournalRowFragment } from '../../gql/graphql'
import { Button, CopyButton, Empty, Loaded, Moment, Money } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { figure, words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'
import { Rows, type Column, type Line } from '../../ui/table'
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
            <Rows isDense caption="Journal" columns={journalColumns.filter((column) => actors || column.label !== 'Actor')}
              lines={workflow.transitions.nodes.map((row) => journalLine(row, actors))} />
            {pager(workflow.transitions.pageInfo)}
          </>
        )}
      </Loaded>
    </>
  )
}

const journalColumns: Column[] = [
  { label: 'Version', isRight: true }, { label: 'Kind' }, { label: 'From', isWide: true }, { label: 'To', isWide: true }, { label: 'Actor', isText: true, isWide: true },
  { label: 'Time', isWide: true }, { label: 'Hash', isWide: true },
]

function journalLine(row: JournalRowFragment, actors: boolean): Line {
  const tone = row.kind === 'FAIL' ? 'bad' : row.kind === 'RESET' || row.kind === 'CANCEL' ? 'warn' : 'neutral'
  const cells = [
    row.version, <Badge tone={tone}>{words(row.kind)}</Badge>, row.from ? words(row.from) : <span className="faint">–</span>, words(row.to),
    ...(actors ? [<Actor row={row} />] : []), <Moment at={row.occurredAt} />, <Hash hash={row.hash} />,
  ]
  return { key: row.id, cells }
}

/** Who acted, and the reason. */
function Actor({ row: { actor, reason } }: { row: { actor?: string | null; reason?: string | null } }) {
  return <span>{actor}{reason && <span className="sub">{reason}</span>}</span>
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
            <Rows isDense caption="Calls" columns={callColumns} lines={workflow.calls.nodes.map(callLine)} />
            {pager(workflow.calls.pageInfo)}
          </>
        ))}
    </Loaded>
  )
}

export const callColumns: Column[] = [
  { label: 'Model', isHead: true }, { label: 'State' }, { label: 'Step' }, { label: 'Hold', isRight: true }, { label: 'Cost', isRight: true },
  { label: 'Tokens', isRight: true }, { label: 'Actor', isText: true, isWide: true }, { label: 'Reserved', isWide: true },
]

export function callLine(row: CallRowFragment): Line {
  const cells = [
    <>{row.answeredModel ?? row.models.join(', ')}{row.provider && <span className="sub">{row.provider}</span>}</>,
    <span>
      <Badge tone={row.state === 'UNKNOWN' ? 'warn' : 'neutral'}>{words(row.state)}</Badge>
      {row.overage && <> <Badge tone="bad">over the hold</Badge></>}
      {row.failureCode && <span className="sub">{words(row.failureCode)}</span>}
    </span>,
    row.step ? words(row.step) : '–', <Money amount={row.hold} />, <Money amount={row.cost} none="–" />, <Tokens usage={row.usage} />,
    row.actor, <Moment at={row.reservedAt} />,
  ]
  return { key: row.id, cells }
}

/** The tokens that went in and came out. Services other than models have none. */
export function Tokens({ usage }: { usage?: { promptTokens: number; completionTokens: number } | null }) {
  if (!usage || usage.promptTokens + usage.completionTokens === 0) return <span className="faint">–</span>
  return <span className="money">{figure(usage.promptTokens)} + {figure(usage.completionTokens)}</span>
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
            <Rows isDense caption="Ledger" columns={entryColumns} lines={workflow.ledger.nodes.map(entryLine)} />
            {pager(workflow.ledger.pageInfo)}
          </>
        )}
      </Loaded>
    </>
  )
}

export const entryColumns: Column[] = [
  { label: 'Number', isRight: true }, { label: 'Kind' }, { label: 'Spent ±', isRight: true }, { label: 'Held ±', isRight: true },
  { label: 'Spent', isRight: true }, { label: 'Held', isRight: true }, { label: 'Limit', isRight: true }, { label: 'Actor', isText: true, isWide: true },
  { label: 'Time', isWide: true }, { label: 'Hash', isWide: true },
]

export function entryLine(row: EntryRowFragment): Line {
  const amounts = [row.settledDelta, row.heldDelta, row.settledAfter, row.heldAfter, row.limitAfter]
  const cells = [
    row.sequence, <span><Badge>{words(row.kind)}</Badge>{row.overage && <> <Badge tone="bad">overage</Badge></>}</span>,
    ...amounts.map((amount) => <Money amount={amount} />), <Actor row={row} />, <Moment at={row.occurredAt} />, <Hash hash={row.hash} />,
  ]
  return { key: row.id, cells }
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
