// The page of one workflow.
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useLive, useRead } from '../../api/client'
import { connections } from '../../api/live'
import { useStore, useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { LastMovesDocument, LiveSpendDocument, LiveWorkflowDocument, WorkflowDocument, type JournalRowFragment, type WorkflowQuery } from '../../gql/graphql'
import { Absent } from '../../ui/absent'
import { Loaded, Moment, PageTitle } from '../../ui/basic'
import { StatusBadge } from '../../ui/badge'
import { tabOptions } from '../../ui/tabs'
import { tabs, type Tab } from './tabs'
import { Calls, Journal, Ledger } from './tables'
import { Earlier } from './earlier'
import { Results } from './results'
import { SpendCard } from './spend'
import { Timeline } from './steps'
import { Units } from './units'
import { WhyCard } from './why'

export type Workflow = NonNullable<WorkflowQuery['workflow']>
export type Steps = WorkflowQuery['workflowGraph']['steps']

/** The most rows of a journal that the timeline reads: the last ones. */
export const journalPage = 100

export function WorkflowPage() {
  const { id } = useParams({ from: '/workflows/$id' })
  const may = useMay()
  const actors = may('ACTORS')
  const read = useRead(WorkflowDocument, { id, actors })
  const journal = useRead(LastMovesDocument, { id, last: journalPage, actors })
  const reconnected = useStore(connections)
  const [changes, setChanges] = useState(0)
  const readAll = () => {
    read.again()
    journal.again()
    setChanges((count) => count + 1)
  }
  useWhenChanged(reconnected, readAll)
  useLive(LiveWorkflowDocument, { id, actors }, ({ workflowTransitioned: event }) => {
    const known = journal.data?.workflow?.transitions.nodes.at(-1)?.version
    if (event.resync || event.transition?.version !== known) readAll()
  })
  useLive(LiveSpendDocument, { id }, () => setChanges((count) => count + 1), !may('CALLS'))
  return (
    <Loaded read={read} rows={10}>
      {({ workflow, workflowGraph }) => (workflow
        ? <Shown workflow={workflow} steps={workflowGraph.steps} changes={changes}
          moves={journal.data?.workflow?.transitions.nodes ?? []} />
        : <Absent what="workflow" />)}
    </Loaded>
  )
}

type ShownProps = { workflow: Workflow; steps: Steps; moves: JournalRowFragment[]; changes: number }

function Shown({ workflow, steps, moves, changes }: ShownProps) {
  const { company } = workflow
  return (
    <>
      <p className="crumbs"><Link to="/workflows">Workflows</Link> <span aria-hidden="true">/</span></p>
      <PageTitle title={workflow.name}><StatusBadge status={workflow.status} /></PageTitle>
      <dl className="facts">
        <div><dt>Company</dt><dd>{company.name} · <a href={company.url} rel="noreferrer noopener" target="_blank">{company.url}</a></dd></div>
        {company.linkedinUrl && (
          <div><dt>LinkedIn</dt><dd><a href={company.linkedinUrl} rel="noreferrer noopener" target="_blank">{company.linkedinUrl}</a></dd></div>
        )}
        <div><dt>Created</dt><dd><Moment at={workflow.createdAt} />{workflow.createdBy ? ` by ${workflow.createdBy}` : ''}</dd></div>
        <div><dt>Id</dt><dd><code>{workflow.id}</code></dd></div>
      </dl>
      <Timeline workflow={workflow} steps={steps} moves={moves} />
      <div className="cards-row">
        <WhyCard workflow={workflow} steps={steps} />
        <SpendCard workflow={workflow} changes={changes} />
      </div>
      <Tabs workflow={workflow} steps={steps} moves={moves} changes={changes} />
    </>
  )
}

const labels: Record<Tab, string> = { results: 'Results', journal: 'Journal', calls: 'Calls', ledger: 'Ledger' }

function Tabs({ workflow, steps, moves, changes }: ShownProps) {
  const { tab = 'results' } = useSearch({ from: '/workflows/$id' })
  const may = useMay()
  // What a role may not see is not in the menu.
  const shown = tabs.filter((one) => may('CALLS') || (one !== 'calls' && one !== 'ledger'))
  return (
    <>
      <nav className="tabs" aria-label="Parts of the workflow">
        {shown.map((one) => (
          <Link key={one} to="/workflows/$id" params={{ id: workflow.id }} search={{ tab: one === 'results' ? undefined : one }}
            resetScroll={false} activeOptions={tabOptions} aria-current={one === tab ? 'page' : undefined} className="tab">{labels[one]}</Link>
        ))}
      </nav>
      <div className="tab-body">
        {tab === 'results' && <Units id={workflow.id} changes={changes} />}
        {tab === 'results' && <Results workflow={workflow} changes={changes} />}
        {tab === 'results' && <Earlier workflow={workflow} steps={steps} moves={moves} />}
        {tab === 'journal' && <Journal id={workflow.id} changes={changes} />}
        {tab === 'calls' && may('CALLS') && <Calls id={workflow.id} changes={changes} />}
        {tab === 'ledger' && may('CALLS') && <Ledger id={workflow.id} changes={changes} />}
      </div>
    </>
  )
}
