// The months, the ledger and the calls of the whole organization.
import { Link } from '@tanstack/react-router'
import { useRead } from '../../api/client'
import { useViewer } from '../../api/viewer'
import { MonthsDocument, OrganizationCallsDocument, OrganizationLedgerDocument } from '../../gql/graphql'
import { Empty, Loaded, Moment, Money } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { monthIn, words } from '../../ui/format'
import { Gauge } from '../../ui/gauge'
import { nextOf, Pager } from '../../ui/pager'
import { Rows } from '../../ui/table'
import { callColumns, callLine, entryColumns, entryLine } from '../workflow/tables'
import { callStates, type SpendSearch } from './search'

/** The name of a month. Its middle is in it, whatever time zone it began in. */
function MonthName({ period: { start, end } }: { period: { start: string; end: string } }) {
  const { organization } = useViewer()
  return monthIn(new Date((Date.parse(start) + Date.parse(end)) / 2), organization.timeZone)
}

type ListProps = { search: SpendSearch; onChange: (change: SpendSearch) => void }

export function Months({ search, onChange }: ListProps) {
  const read = useRead(MonthsDocument, { first: 24, after: search.after }, { keep: true })
  return (
    <Loaded read={read}>
      {({ viewer: { organization: { months } } }) => (
        <>
          {months.nodes.length === 0 && <Empty title="No month has a call yet" />}
          <ul className="feed">
            {months.nodes.map((month) => (
              <li key={month.period.start} className="card">
                <h2><MonthName period={month.period} /> {month.isRunning && <Badge tone="active">running</Badge>}</h2>
                <Gauge settled={month.spend.settled} held={month.spend.held} limit={month.spend.limit} />
                <dl className="sums">
                  <div><dt>Spent now</dt><dd><Money amount={month.spend.settled} /></dd></div>
                  <div><dt>At its end</dt><dd><Money amount={month.closing.settled} /></dd></div>
                  <div><dt>Held</dt><dd><Money amount={month.spend.held} /></dd></div>
                  <div><dt>Limit</dt><dd><Money amount={month.spend.limit} /></dd></div>
                </dl>
                <p className="sub">From <Moment at={month.period.start} /> to <Moment at={month.period.end} />.</p>
              </li>
            ))}
          </ul>
          <Pager after={search.after} next={nextOf(months.pageInfo)} onPage={(after) => onChange({ after })} />
        </>
      )}
    </Loaded>
  )
}

export function OrganizationLedger({ search, onChange }: ListProps) {
  const read = useRead(OrganizationLedgerDocument, { first: 50, after: search.after }, { keep: true })
  return (
    <Loaded read={read}>
      {({ viewer: { organization: { ledger } } }) => (ledger.nodes.length === 0 ? <Empty title="No money has moved yet" /> : (
        <>
          <Rows isDense caption="Ledger of the months" columns={entryColumns} lines={ledger.nodes.map(entryLine)} />
          <Pager after={search.after} next={nextOf(ledger.pageInfo)} onPage={(after) => onChange({ after })} />
        </>
      ))}
    </Loaded>
  )
}

export function OrganizationCalls({ search, onChange }: ListProps) {
  const filter = search.state ? { states: [search.state] } : null
  const read = useRead(OrganizationCallsDocument, { filter, first: 50, after: search.after }, { keep: true })
  return (
    <>
      <form className="filters" onSubmit={(event) => event.preventDefault()}>
        <label>State
          <select value={search.state ?? ''} onChange={(event) => onChange({ after: undefined, state: (event.target.value || undefined) as SpendSearch['state'] })}>
            <option value="">Any</option>
            {callStates.map((state) => <option key={state} value={state}>{words(state)}</option>)}
          </select>
        </label>
      </form>
      <Loaded read={read}>
        {({ viewer: { organization: { calls } } }) => (calls.nodes.length === 0 ? <Empty title="No call matches" /> : (
          <>
            <Rows isDense caption="Calls of all workflows" columns={[{ label: 'Workflow', isHead: true }, ...callColumns.map((one) => ({ ...one, isHead: false, isWide: one.isWide || one.isHead }))]}
              lines={calls.nodes.map((row) => {
                const { key, cells } = callLine(row)
                return { key, cells: [<Link to="/workflows/$id" params={{ id: row.workflow.id }}>{row.workflow.name}</Link>, ...cells] }
              })} />
            <Pager after={search.after} next={nextOf(calls.pageInfo)} onPage={(after) => onChange({ after })} />
          </>
        ))}
      </Loaded>
    </>
  )
}
