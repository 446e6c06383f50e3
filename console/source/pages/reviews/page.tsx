// Everything that waits for a person, the oldest first.
import { Link } from '@tanstack/react-router'
import { useCallback, useEffect, useState } from 'react'
import { useLive, useRead } from '../../api/client'
import { useGaps, useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { InboxArticlesDocument, LiveUnitsDocument, OrganizationDocument, WorkflowListDocument, type WorkflowRowFragment, type WorkflowState } from '../../gql/graphql'
import { Ago, Empty, Loaded, PageTitle, ProblemNote, Skeleton } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { entriesOf, type Entry } from './single'

type Modes = { plan: string; publish: string }

/** The states in which a workflow waits for a person's decision. */
export function waitingStates({ plan, publish }: Modes): WorkflowState[] {
  return ['SEED_REVIEW_PENDING', ...(plan === 'HUMAN' ? ['VALIDATION_COMPLETED' as const] : []),
    ...(publish === 'HUMAN' ? ['ARTICLE_COMPLETED' as const] : [])]
}

/** The states in which single articles and posts can wait. */
const working: WorkflowState[] = ['ARTICLE_PROCESSING', 'ARTICLE_FAILED', 'ARTICLE_COMPLETED', 'PUBLISH_PROCESSING', 'PUBLISH_FAILED']
const mostGates = 50
const mostWorking = 20

export function ReviewsPage() {
  const organization = useRead(OrganizationDocument, { oversee: false })
  return (
    <>
      <PageTitle title="Reviews" />
      <Loaded read={organization}>{({ viewer }) => <Inbox modes={viewer.organization.gates} />}</Loaded>
    </>
  )
}

/** The workflows in some states, those first that have waited longest. */
function useWaiting(states: WorkflowState[], first: number) {
  const actors = useMay()('ACTORS')
  const read = useRead(WorkflowListDocument, {
    filter: { states }, orderBy: { field: 'UPDATED_AT', direction: 'ASC' }, first, actors,
  })
  useWhenChanged(useNews(), read.again, 300)
  // An event changes a row of the cache before the list is read again.
  const rows = (read.data?.workflows.nodes ?? []).filter((row) => states.includes(row.state))
  return { read, rows, hasMore: read.data?.workflows.pageInfo.hasNextPage ?? false }
}

function Inbox({ modes }: { modes: Modes }) {
  const gates = useWaiting(waitingStates(modes), mostGates)
  const inWork = useWaiting(working, mostWorking)
  const [counts, setCounts] = useState<ReadonlyMap<string, number>>(new Map())
  const onCount = useCallback((id: string, count: number) => setCounts((old) => (
    old.get(id) === count ? old : new Map(old).set(id, count)
  )), [])
  const found = inWork.rows.map((row) => counts.get(row.id))
  const singles = found.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  const isKnown = inWork.read.data !== undefined && found.every((count) => count !== undefined)
  return (
    <Loaded read={gates.read}>
      {() => (
        <>
          {gates.rows.length > 0 && (
            <section aria-labelledby="gates">
              <h2 id="gates">Whole workflows <span className="count">{gates.rows.length}</span></h2>
              <ul className="feed">{gates.rows.map((row) => <Item key={row.id} row={row} />)}</ul>
              {gates.hasMore && <p className="hint">These are the {mostGates} that have waited longest.</p>}
            </section>
          )}
          <section aria-labelledby="singles" hidden={singles === 0} className="spaced">
            <h2 id="singles">Single articles and posts <span className="count">{singles}</span></h2>
            <ul className="feed">{inWork.rows.map((row) => <Singles key={row.id} row={row} onCount={onCount} />)}</ul>
            {inWork.hasMore && <p className="hint">Only those of the {mostWorking} workflows are here that have waited longest.</p>}
          </section>
          {!isKnown && <Skeleton rows={1} label="Loading single articles" />}
          {isKnown && singles === 0 && gates.rows.length === 0 && (
            <Empty title="Nothing waits for a person"><p>Reviews appear here as workflows reach them.</p></Empty>
          )}
        </>
      )}
    </Loaded>
  )
}

const questions: Partial<Record<WorkflowState, { what: string; question: string }>> = {
  SEED_REVIEW_PENDING: { what: 'Keywords', question: 'Which keywords are articles planned for?' },
  VALIDATION_COMPLETED: { what: 'Article plan', question: 'Which articles are written?' },
  ARTICLE_COMPLETED: { what: 'Publishing', question: 'Which articles are published?' },
}

function Item({ row }: { row: WorkflowRowFragment }) {
  const asked = questions[row.state]
  const name = <><strong>{row.name}</strong><span className="sub">{asked?.question}</span></>
  return (
    <li className="card inbox" data-row={row.id}>
      {row.state === 'SEED_REVIEW_PENDING' ? <Link to="/workflows/$id/keywords" params={{ id: row.id }}>{name}</Link>
        : row.state === 'VALIDATION_COMPLETED' ? <Link to="/workflows/$id/plan" params={{ id: row.id }}>{name}</Link>
        : <Link to="/workflows/$id/articles" params={{ id: row.id }}>{name}</Link>}
      <span>{row.company.name}</span><span><Badge tone="warn">{`◉ ${asked?.what ?? 'Review'}`}</Badge></span><span>waits for <Ago at={row.activity.since} /></span>
    </li>
  )
}

type SinglesProps = { row: WorkflowRowFragment; onCount: (id: string, count: number) => void }

/** What waits in one workflow. Its events bring it up to date. */
function Singles({ row, onCount }: SinglesProps) {
  const read = useRead(InboxArticlesDocument, { id: row.id })
  useLive(LiveUnitsDocument, { id: row.id }, ({ unitChanged: { unit } }) => { if (unit.state !== 'RUNNING') read.again() })
  useWhenChanged(row.version, read.again)
  useWhenChanged(useGaps(), read.again)
  const found = read.data?.workflow
  const entries = found ? entriesOf(found.articles.nodes, found.publications.nodes) : []
  const count = read.data ? entries.length : read.problem ? 1 : undefined
  useEffect(() => { if (count !== undefined) onCount(row.id, count) }, [row.id, count, onCount])
  if (read.problem && !found) return <li className="card"><p><strong>{row.name}</strong></p><ProblemNote problem={read.problem} again={read.again} /></li>
  return (
    <>
      {entries.map((entry) => <Single key={entry.id} entry={entry} row={row} />)}
      {entries.length > 0 && found?.publications.pageInfo.hasNextPage && (
        <li className="hint"><Link to="/workflows/$id/publish" params={{ id: row.id }}>{row.name}</Link> has more posts than are looked at here.</li>
      )}
    </>
  )
}

function Single({ entry, row }: { entry: Entry; row: WorkflowRowFragment }) {
  const name = <><strong>{entry.title}</strong><span className="sub">{entry.why}</span></>
  return (
    <li className="card inbox" data-row={entry.id}>
      {entry.kind === 'post'
        ? <Link to="/workflows/$id/publish" params={{ id: row.id }}>{name}</Link>
        : <Link to="/workflows/$id/articles/$article" params={{ id: row.id, article: entry.articleId }}>{name}</Link>}
      <span>{row.name}</span><span><Badge tone="warn">{entry.kind === 'post' ? '◉ Post' : '◉ Article'}</Badge></span>
      <span>waits for <Ago at={entry.since} /></span>
    </li>
  )
}
