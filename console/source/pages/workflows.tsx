// The list of workflows.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { memo, useCallback, useEffect, useMemo, useState } from 'react'
import { useRead } from '../api/client'
import { isOvertaken, lastNumber, recent, useGaps, useNews, type Seen } from '../api/events'
import { useStore, useWhenChanged } from '../api/store'
import { denied, useMay, useViewer } from '../api/viewer'
import { WorkflowCountsDocument, WorkflowListDocument, type WorkflowFilter, type WorkflowRowFragment, type WorkflowStatus } from '../gql/graphql'
import { afterPaint } from '../ui/after-paint'
import { Ago, Button, Empty, Loaded, Money, PageTitle } from '../ui/basic'
import { StatusBadge, statuses, statusLabel } from '../ui/badge'
import { FilterForm } from '../ui/filter-form'
import { plural, share } from '../ui/format'
import { searchId } from '../ui/keys'
import { LateInput } from '../ui/late-input'
import { nextOf, Pager } from '../ui/pager'
import { PathLink } from '../ui/path-link'
import { NewWorkflowDialog } from './new-workflow'
import { BulkBar } from './bulk-bar'
import { CsvButton, Views } from './workflows-tools'
import { filterOf, hasFilter, orderOf, orders, steps, stills, type OrderName, type Search } from './workflows-search'

const pageSize = 25

/** Changes the search part of the address. A new filter begins at the first page. */
function useChange() {
  const navigate = useNavigate({ from: '/workflows' })
  return useCallback((change: Partial<Search>, replace = false) => void navigate({
    replace, resetScroll: false, search: (old) => ({ ...old, after: undefined, ...change }),
  }), [navigate])
}

/** useChange for a press: the browser shows the press first. */
function usePressedChange() {
  const change = useChange()
  return useCallback((to: Partial<Search>) => afterPaint(() => change(to)), [change])
}

export function WorkflowsPage() {
  const search = useSearch({ from: '/workflows' })
  const { organization, role } = useViewer()
  const may = useMay()
  const [isCreating, setCreating] = useState(false)
  // The moment of the choice, so that every page of the list has the same filter.
  const now = useMemo(() => Date.now(), [search.still])
  const filter = useMemo(
    () => filterOf(search, organization.timeZone, may('ACTORS'), now), [search, organization.timeZone, may, now])
  return (
    <>
      <PageTitle title="Workflows">
        <Button kind="primary" reason={may('OPERATE') ? null : denied(role, 'OPERATE')}
          onClick={() => setCreating(true)}>New workflow</Button>
      </PageTitle>
      <Chips filter={filter} current={search.status} />
      <Filters search={search} />
      <div className="list-tools"><Views search={search} /><CsvButton filter={filter} search={search} /></div>
      <List search={search} filter={filter} onCreate={() => setCreating(true)} />
      {isCreating && <NewWorkflowDialog onClose={() => setCreating(false)} />}
    </>
  )
}

const Chips = memo(function Chips({ filter, current }: { filter: WorkflowFilter; current?: WorkflowStatus }) {
  const change = usePressedChange()
  const rest = { ...filter, statuses: undefined }
  const read = useRead(WorkflowCountsDocument, { filter: rest }, { keep: true })
  useWhenChanged(useNews(), read.again, 400)
  const counts = read.data?.viewer.organization.workflowCounts
  const countOf = (status?: WorkflowStatus) =>
    (status ? counts?.statuses.find((one) => one.status === status)?.count : counts?.total) ?? '…'
  const chip = (status: WorkflowStatus | undefined) => (
    <button key={status ?? 'all'} type="button" className="chip" aria-pressed={current === status}
      onClick={() => change({ status: current === status ? undefined : status })}>
      {status ? statusLabel(status) : 'All'} <span className="count">{countOf(status)}</span>
    </button>
  )
  return <div className="chips" role="group" aria-label="Status">{chip(undefined)}{statuses.map(chip)}</div>
})

const Filters = memo(function Filters({ search }: { search: Search }) {
  const change = useChange()
  const press = usePressedChange()
  const may = useMay()
  return (
    <FilterForm count={[search.step, search.creator, search.still, search.from, search.to].filter(Boolean).length}>
      <LateInput id={searchId} label="Name contains" value={search.text} onChange={(text) => change({ text }, true)} />
      <label>Step
        <select value={search.step ?? ''} onChange={(event) => change({ step: (event.target.value || undefined) as Search['step'] })}>
          <option value="">Any</option>
          {steps.map((step) => <option key={step.key} value={step.key}>{step.label}</option>)}
        </select>
      </label>
      {may('ACTORS') && (
        <LateInput label="Created by" value={search.creator} onChange={(creator) => change({ creator }, true)} />
      )}
      <label>Not moved for
        <select value={search.still ?? ''} onChange={(event) => change({ still: (event.target.value || undefined) as Search['still'] })}>
          <option value="">Any time</option>
          {Object.entries(stills).map(([name, { label }]) => <option key={name} value={name}>{label}</option>)}
        </select>
      </label>
      <label>Created from
        <input type="date" value={search.from ?? ''} onChange={(event) => change({ from: event.target.value || undefined })} />
      </label>
      <label>Created to
        <input type="date" value={search.to ?? ''} onChange={(event) => change({ to: event.target.value || undefined })} />
      </label>
      <label>Order
        <select value={search.order ?? 'newest'} onChange={(event) => change({ order: event.target.value as OrderName })}>
          {Object.entries(orders).map(([name, { label }]) => <option key={name} value={name}>{label}</option>)}
        </select>
      </label>
      <Button kind="quiet" reason={hasFilter(search) ? null : 'There is no filter.'} onClick={() => press({
        status: undefined, step: undefined, text: undefined, creator: undefined, still: undefined, from: undefined, to: undefined,
      })}>Clear filters</Button>
    </FilterForm>
  )
})

/** The events that may change which rows the page has, or their order. The rows themselves change in place. */
export function waiting(events: Seen[], since: number, rows: { id: string }[], search: Search): number {
  const isShown = new Set(rows.map((row) => row.id))
  const reorders = search.order === 'moved' || search.order === 'stuck'
  const affected = events
    .filter((event) => event.number > since && (reorders || search.status !== undefined || search.step !== undefined || search.still !== undefined ||
      (event.from === null && !isShown.has(event.workflowId))))
  return new Set(affected.map((event) => event.workflowId)).size
}

function List({ search, filter, onCreate }: { search: Search; filter: WorkflowFilter; onCreate: () => void }) {
  const may = useMay()
  const read = useRead(WorkflowListDocument, {
    filter, orderBy: orderOf(search), first: pageSize, after: search.after, actors: may('ACTORS'),
  }, { keep: true })
  const change = usePressedChange()
  useWhenChanged(useGaps(), read.again)
  const { data, isReading, again } = read
  const catchUp = () => {
    if (!isReading && data?.workflows.nodes.some((row) => isOvertaken(row))) again()
  }
  useEffect(catchUp, [data, isReading, again])
  // An event writes its workflow into the cache. A row that does not show it a moment later is read again.
  useWhenChanged(useStore(recent), catchUp, 100)
  return (
    <Loaded read={read} rows={8}>
      {({ workflows: { nodes, pageInfo } }) => (
        <>
          <Refresh key={JSON.stringify([search, nodes.map((row) => row.id)])} rows={nodes} search={search} again={read.again} />
          {nodes.length === 0 ? <NoRows search={search} onCreate={onCreate} /> : <Table rows={nodes} filter={filter} />}
          <Pager after={search.after} next={nextOf(pageInfo)} onPage={(after) => change({ after })} />
        </>
      )}
    </Loaded>
  )
}

/** The button that reads the list again when its rows or their order may have changed. */
function Refresh({ rows, search, again }: { rows: { id: string }[]; search: Search; again: () => void }) {
  const events = useStore(recent)
  const [since, setSince] = useState(lastNumber)
  const count = waiting(events, since, rows, search)
  return (
    <p className="refresh" role="status">
      {count > 0 && (
        <Button kind="quiet" onClick={() => { setSince(lastNumber()); again() }}>
          ↻ {plural(count, 'change')}: refresh order
        </Button>
      )}
    </p>
  )
}

function NoRows({ search, onCreate }: { search: Search; onCreate: () => void }) {
  const { role } = useViewer()
  const may = useMay()
  if (hasFilter(search)) return <Empty title="No workflow matches these filters"><p>Clear a filter to see more.</p></Empty>
  if (search.after) return <Empty title="There are no more workflows" />
  return (
    <Empty title="There is no workflow yet">
      <p>A workflow turns a company’s name and website into published articles in seven steps.</p>
      <Button kind="primary" reason={may('OPERATE') ? null : denied(role, 'OPERATE')} onClick={onCreate}>New workflow</Button>
    </Empty>
  )
}

function Table({ rows, filter }: { rows: WorkflowRowFragment[]; filter: WorkflowFilter }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const shown = rows.filter((row) => chosen.has(row.id))
  const toggle = useCallback((ids: string[], isOn: boolean) => setChosen((old) => {
    const next = new Set(old)
    for (const id of ids) if (isOn) next.add(id); else next.delete(id)
    return next
  }), [])
  const ids = rows.map((row) => row.id)
  return (
    <>
      <BulkBar chosen={shown} filter={filter} />
      <div className="table-box">
        <table className="table cards workflows">
          <caption className="hidden">Workflows</caption>
          <thead>
            <tr>
              <th scope="col" className="tick"><input type="checkbox" aria-label="Choose the page" checked={shown.length === rows.length}
                onChange={(event) => toggle(ids, event.target.checked)} /></th>
              <th scope="col">Workflow</th><th scope="col" className="middle">Status</th><th scope="col" className="middle">Step</th>
              <th scope="col" className="short">Since</th><th scope="col" className="short right">Spent</th><th scope="col" className="short right">Limit</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              // A row that changes its place is a new one, so that none moves under a pointer.
              <Row key={`${index} ${row.id}`} row={row} isChosen={chosen.has(row.id)} onChoose={toggle} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

type RowProps = { row: WorkflowRowFragment; isChosen: boolean; onChoose: (ids: string[], isOn: boolean) => void }

/** One row. It draws only when its own workflow or its choice has changed. */
const Row = memo(function Row({ row, isChosen, onChoose }: RowProps) {
  return (
    <tr data-row={row.id}>
      <td className="tick"><input type="checkbox" aria-label={`Choose ${row.name}`} checked={isChosen}
        onChange={(event) => onChoose([row.id], event.target.checked)} /></td>
      <th scope="row">
        <PathLink to={`/workflows/${row.id}`} className="row-link">{row.name}</PathLink>
        <span className="sub">{row.company.name}{row.createdBy ? ` · ${row.createdBy}` : ''}</span>
      </th>
      <td data-label="Status"><StatusBadge status={row.status} /></td>
      <td data-label="Step">
        <span>{row.step ? <><span className="figure">{row.step.number}/7</span> {row.step.label}</> : <span className="faint">–</span>}</span>
        {row.step && <progress className="progress" max={100} value={row.progress} aria-label="Progress" />}
      </td>
      <td data-label="Since"><Ago at={row.activity.since} /></td>
      <td data-label="Spent" className="right"><Money amount={row.spend.settled} /><SpendBar row={row} /></td>
      <td data-label="Limit" className="right"><Money amount={row.spend.limit} /></td>
    </tr>
  )
})

function SpendBar({ row: { spend } }: { row: WorkflowRowFragment }) {
  if (!spend.stopped) return null
  return <span className="badge bad" title={`${Math.round(100 * share(spend.settled, spend.limit))} % of the limit`}>stopped</span>
}
