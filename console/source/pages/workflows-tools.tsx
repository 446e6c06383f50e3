// Saved views, and the rows of the filter as a file.
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useAsk } from '../api/client'
import { createStore, useStore } from '../api/store'
import { useMay, useViewer } from '../api/viewer'
import { WorkflowListDocument, type WorkflowFilter, type WorkflowRowFragment } from '../gql/graphql'
import { Button } from '../ui/basic'
import { csvOf, save } from '../ui/csv'
import { Dialog, Field } from '../ui/dialog'
import { say } from '../ui/toast'
import { orderOf, readSearch, type Search } from './workflows-search'

type View = { name: string; search: Search }
const keyOf = (organizationId: string) => `infin8.views.${organizationId}`
const views = createStore<View[] | null>(null)

function readViews(organizationId: string): View[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(organizationId)) ?? '[]')
    if (!Array.isArray(kept)) return []
    return kept.filter((one): one is { name: string; search: Record<string, unknown> } => typeof one?.name === 'string' && typeof one?.search === 'object')
      .slice(0, 20).map(({ name, search }) => ({ name: name.slice(0, 60), search: readSearch(search ?? {}) }))
  } catch {
    return []
  }
}

/** The views that this person saved in this browser. */
export function Views({ search }: { search: Search }) {
  const { organization } = useViewer()
  const shown = useStore(views) ?? readViews(organization.id)
  const [isNaming, setNaming] = useState(false)
  const set = (next: View[]) => {
    localStorage.setItem(keyOf(organization.id), JSON.stringify(next))
    views.set(next)
  }
  return (
    <div className="views">
      {shown.map((view) => (
        <span key={view.name} className="view">
          <Link to="/workflows" search={view.search}>{view.name}</Link>
          <Button kind="quiet" aria-label={`Forget the view ${view.name}`} onClick={() => set(shown.filter((one) => one !== view))}>✕</Button>
        </span>
      ))}
      <Button kind="quiet" reason={shown.length >= 20 ? 'There are 20 views already.' : null} onClick={() => setNaming(true)}>Save this view</Button>
      {isNaming && (
        <NameDialog onClose={() => setNaming(false)} onName={(name) => {
          set([...shown.filter((one) => one.name !== name), { name, search: { ...search, after: undefined } }])
          setNaming(false)
        }} />
      )}
    </div>
  )
}

function NameDialog({ onClose, onName }: { onClose: () => void; onName: (name: string) => void }) {
  const [name, setName] = useState('')
  return (
    <Dialog title="Save this view" submit="Save" onClose={onClose} onSubmit={() => onName(name.trim())}
      reason={name.trim() === '' ? 'Name the view first.' : null}>
      <Field label="Name" hint="The view stays in this browser.">
        {(props) => <input {...props} maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
    </Dialog>
  )
}

const head = ['id', 'name', 'company', 'website', 'state', 'status', 'step', 'since', 'settled_usd', 'held_usd', 'limit_usd', 'created_at', 'created_by']
const line = (row: WorkflowRowFragment) => [
  row.id, row.name, row.company.name, row.company.url, row.state, row.status, row.step?.key, row.activity.since, row.spend.settled,
  row.spend.held, row.spend.limit, row.createdAt, row.createdBy,
]
const most = 10_000

/** Reads all pages of the filter and gives them as CSV. */
export function CsvButton({ filter, search }: { filter: WorkflowFilter; search: Search }) {
  const ask = useAsk()
  const actors = useMay()('ACTORS')
  const [count, setCount] = useState<number | null>(null)
  const run = async () => {
    const rows: WorkflowRowFragment[] = []
    for (let after: string | null | undefined = null; rows.length < most;) {
      setCount(rows.length)
      const { data, problem }: Awaited<ReturnType<typeof ask<import('../gql/graphql').WorkflowListQuery, object>>> =
        await ask(WorkflowListDocument, { filter, orderBy: orderOf(search), first: 100, after, actors })
      if (!data) return say(`The file was not written: ${problem?.message ?? 'the list could not be read'}`)
      rows.push(...data.workflows.nodes)
      if (!data.workflows.pageInfo.hasNextPage) break
      after = data.workflows.pageInfo.endCursor
    }
    save('workflows.csv', new Blob([csvOf([head, ...rows.map(line)])], { type: 'text/csv' }))
    if (rows.length >= most) say(`The file has the first ${most} workflows only.`)
  }
  return (
    <Button kind="quiet" isBusy={count !== null} onClick={() => void run().finally(() => setCount(null))}>
      {count === null ? 'CSV of this filter' : `${count} rows…`}
    </Button>
  )
}
