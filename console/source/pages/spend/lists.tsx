// The months, the ledger and the calls of the whole organization.
import { Link } from '@tanstack/react-router'
import { useRead } from '../../api/client'
import { MonthsDocument, OrganizationCallsDocument, OrganizationLedgerDocument } from '../../gql/graphql'
import { Empty, Loaded, Moment, Money } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { words } from '../../ui/format'
import { Gauge } from '../../ui/gauge'
import { nextOf, Pager } from '../../ui/pager'
import { CallHead, CallLine, EntryHead, EntryLine, Rows } from '../workflow/tables'
import { callStates, type SpendSearch } from './search'

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
                <p><strong><Moment at={month.period.start} /></strong> to <Moment at={month.period.end} /> {month.isRunning && <Badge tone="active">running</Badge>}</p>
                <Gauge settled={month.spend.settled} held={month.spend.held} limit={month.spend.limit} />
                <dl className="sums">
                  <div><dt>Spent now</dt><dd><Money amount={month.spend.settled} /></dd></div>
                  <div><dt>At its end</dt><dd><Money amount={month.closing.settled} /></dd></div>
                  <div><dt>Held</dt><dd><Money amount={month.spend.held} /></dd></div>
                  <div><dt>Limit</dt><dd><Money amount={month.spend.limit} /></dd></div>
                </dl>
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
          <Rows caption="Ledger of the months" head={<EntryHead />}>{ledger.nodes.map((row) => <EntryLine key={row.id} row={row} />)}</Rows>
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
            <Rows caption="Calls of all workflows" head={<CallHead workflow />}>
              {calls.nodes.map((row) => (
                <CallLine key={row.id} row={row} workflow={<Link to="/workflows/$id" params={{ id: row.workflow.id }}>{row.workflow.name}</Link>} />
              ))}
            </Rows>
            <Pager after={search.after} next={nextOf(calls.pageInfo)} onPage={(after) => onChange({ after })} />
          </>
        ))}
      </Loaded>
    </>
  )
}
