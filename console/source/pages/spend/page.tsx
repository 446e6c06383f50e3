// Where the money goes: the month against its limit, by day and by part.
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useRead } from '../../api/client'
import { useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { denied, useMay, useViewer } from '../../api/viewer'
import { SpendDocument, type SpendQuery } from '../../gql/graphql'
import { Button, Empty, Loaded, Moment, Money, PageTitle } from '../../ui/basic'
import { dateIn, figure, plural, share, words } from '../../ui/format'
import { alertThresholds, Gauge } from '../../ui/gauge'
import { PathLink } from '../../ui/path-link'
import { Rows, type Column } from '../../ui/table'
import { tabOptions } from '../../ui/tabs'
import { Tokens } from '../workflow/tables'
import { Days } from './days'
import { MonthLimitDialog } from './limit'
import { Months, OrganizationCalls, OrganizationLedger } from './lists'
import { dimensions, rangeOf, ranges, views, type Dimension, type RangeName, type SpendSearch, type View } from './search'

type Organization = SpendQuery['viewer']['organization']

export function SpendPage() {
  const search = useSearch({ from: '/spend' })
  const { range = 'month', by = 'MODEL', view = 'overview' } = search
  const navigate = useNavigate({ from: '/spend' })
  const may = useMay()
  const onChange = (change: SpendSearch) => navigate({ resetScroll: false, search: (old) => ({ ...old, ...change }) })
  const { organization } = useViewer()
  const [today] = useState(() => dateIn(new Date(), organization.timeZone))
  const read = useRead(SpendDocument, { range: rangeOf(range, today), by: [by], actors: may('ACTORS'), calls: may('CALLS') }, { keep: true })
  useWhenChanged(useNews(), read.again, 1000)
  return (
    <>
      <PageTitle title="Spend"><LimitButton again={read.again} /></PageTitle>
      <Tabs view={view} />
      {view === 'months' && <Months search={search} onChange={onChange} />}
      {view === 'ledger' && <OrganizationLedger search={search} onChange={onChange} />}
      {view === 'calls' && <OrganizationCalls search={search} onChange={onChange} />}
      {view === 'overview' && <Loaded read={read} rows={8}>
        {({ viewer: { organization: shown } }) => (
          <>
            <Month organization={shown} />
            <Choices range={range} by={by} />
            <Days groups={shown.days.groups} range={rangeOf(range, today)} />
            <Totals total={shown.days.total} />
            <Unknown count={shown.unknown?.totalCount ?? 0} />
            <Groups organization={shown} by={by} />
          </>
        )}
      </Loaded>}
    </>
  )
}

const viewLabels: Record<View, string> = { overview: 'Overview', months: 'Months', ledger: 'Ledger', calls: 'Calls' }

function Tabs({ view }: { view: View }) {
  const may = useMay()
  const shown = views.filter((one) => may('CALLS') || one === 'overview' || one === 'months')
  return (
    <nav className="tabs flat" aria-label="Parts of the spend">
      {shown.map((one) => (
        <Link key={one} to="/spend" search={{ view: one === 'overview' ? undefined : one }} className="tab" activeOptions={tabOptions}
          aria-current={one === view ? 'page' : undefined}>{viewLabels[one]}</Link>
      ))}
    </nav>
  )
}

function Month({ organization }: { organization: Organization }) {
  const { spend, forecast, month } = organization
  const isTight = forecast.exhaustedAt !== null && forecast.exhaustedAt !== undefined
  return (
    <section className="card" aria-labelledby="month">
      <h2 id="month">This month</h2>
      <Gauge settled={spend.settled} held={spend.held} limit={spend.limit} mark={share(forecast.settledAtEnd, spend.limit)} thresholds={alertThresholds} />
      <dl className="sums">
        <div><dt>Spent</dt><dd><Money amount={spend.settled} /></dd></div>
        <div><dt>Held</dt><dd><Money amount={spend.held} /></dd></div>
        <div><dt>Remaining</dt><dd><Money amount={spend.remaining} /></dd></div>
        <div><dt>Limit</dt><dd><Money amount={spend.limit} /></dd></div>
        <div><dt>At the month’s end, at this rate</dt><dd><Money amount={forecast.settledAtEnd} /></dd></div>
      </dl>
      <p className="sub">From <Moment at={month.start} /> to <Moment at={month.end} />.</p>
      {isTight && <p className="note bad">⚠ At this rate the limit is reached on <Moment at={forecast.exhaustedAt} />.</p>}
      {spend.stopped && <p className="note bad">⚠ A call cost more than its hold. No further call starts until the limit is set again.</p>}
    </section>
  )
}

function Choices({ range, by }: { range: RangeName; by: Dimension }) {
  const navigate = useNavigate({ from: '/spend' })
  const may = useMay()
  return (
    <form className="filters spaced" onSubmit={(event) => event.preventDefault()}>
      <label>Days
        <select value={range} onChange={(event) => navigate({ resetScroll: false, search: (old) => ({ ...old, range: event.target.value as RangeName }) })}>
          {Object.entries(ranges).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
        </select>
      </label>
      <label>By
        <select value={by} onChange={(event) => navigate({ resetScroll: false, search: (old) => ({ ...old, by: event.target.value as Dimension }) })}>
          {dimensions.filter((one) => may('ACTORS') || (one !== 'ACTOR' && one !== 'API_KEY')).map((one) => <option key={one} value={one}>{words(one)}</option>)}
        </select>
      </label>
    </form>
  )
}

function Totals({ total }: { total: Organization['days']['total'] }) {
  const rows: [string, string, string][] = [
    ['Booked', total.booked, 'Settled + assumed + adjusted.'], ['Settled', total.settled, 'Billed by providers.'],
    ['Held', total.held, 'Reserved for calls in flight.'], ['Assumed', total.assumed, 'Holds booked as cost, because the cost stayed unknown.'],
    ['Adjusted', total.adjusted, 'Corrections.'], ['Overage', total.overage, 'The part of settled beyond the holds.'],
  ]
  return (
    <dl className="sums card">
      {rows.map(([label, amount, about]) => <div key={label} title={about}><dt>{label}</dt><dd><Money amount={amount} /></dd></div>)}
      <div><dt>Calls</dt><dd className="figure">{figure(total.calls)}</dd></div>
    </dl>
  )
}

/** The calls whose cost is not known yet. They hold their money until it is. */
function Unknown({ count }: { count: number }) {
  if (count === 0) return null
  return (
    <p className="note warn spaced">
      <span>⚠ The outcome of {plural(count, 'call')} is unknown. Each keeps its hold until its cost is known.{' '}
        <Link to="/spend" search={{ view: 'calls', state: 'UNKNOWN' }}>See the calls</Link></span>
    </p>
  )
}

function Groups({ organization, by }: { organization: Organization; by: Dimension }) {
  const { groups, hasMore } = organization.groups
  if (groups.length === 0) return <Empty title="No call in these days"><p>Each request to a language model appears here.</p></Empty>
  return (
    <div className="spaced">
      <Rows caption={`Usage by ${words(by).toLowerCase()}`} columns={[{ label: words(by), isHead: true }, ...groupColumns]}
        lines={groups.map((group, index) => ({
          key: index,
          cells: [
            <GroupName group={group} by={by} />, figure(group.calls), <Tokens usage={group} />, <Money amount={group.booked} />, <Money amount={group.held} />,
            <Money amount={group.overage} />,
          ],
        }))} />
      {hasMore && <p className="hint">These are the 100 most expensive; the totals have all.</p>}
    </div>
  )
}

const groupColumns: Column[] = ['Calls', 'Tokens', 'Booked', 'Held', 'Overage'].map((label) => ({ label, isRight: true }))

function GroupName({ group, by }: { group: Organization['groups']['groups'][number]; by: Dimension }) {
  if (by === 'WORKFLOW' && group.workflow) return <PathLink to={`/workflows/${group.workflow.id}`}>{group.workflow.name}</PathLink>
  if (by === 'PROVIDER') return group.provider ?? 'Not known'
  if (by === 'STEP') return group.step ? words(group.step) : 'No step'
  if (by === 'ACTOR') return group.actor ?? '–'
  if (by === 'API_KEY') return group.apiKeyId ? <code>{group.apiKeyId}</code> : 'Without a key'
  if (by === 'OUTCOME') return group.outcome ? words(group.outcome) : '–'
  return group.model ?? 'No answer yet'
}

function LimitButton({ again }: { again: () => void }) {
  const { role } = useViewer()
  const may = useMay()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Button kind="primary" reason={may('LIMITS') ? null : denied(role, 'LIMITS')} onClick={() => setOpen(true)}>Set the month’s limit</Button>
      {isOpen && <MonthLimitDialog onClose={() => { setOpen(false); again() }} />}
    </>
  )
}
