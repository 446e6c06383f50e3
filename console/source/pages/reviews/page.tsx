// Everything that waits for a person, the oldest first.
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useLive, useRead } from '../../api/client'
import { useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { InboxArticlesDocument, InboxDocument, LiveUnitsDocument, OrganizationDocument, WorkflowListDocument, type PublicationState, type WorkflowRowFragment, type WorkflowState } from '../../gql/graphql'
import { Ago, Empty, Loaded, PageTitle, ProblemNote, Skeleton } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'
import { doubtedOf, failedOf, oldestFirst, postsOf, type Entry } from './single'

type Modes = { plan: string; publish: string }

/** The states in which a workflow waits for a person's decision. */
export function waitingStates({ plan, publish }: Modes): WorkflowState[] {
  return ['SEED_REVIEW_PENDING', ...(plan === 'HUMAN' ? ['VALIDATION_COMPLETED' as const] : []),
    ...(publish === 'HUMAN' ? ['ARTICLE_COMPLETED' as const] : [])]
}

/** The states in which single articles and posts can wait. */
const working: WorkflowState[] = ['ARTICLE_PROCESSING', 'ARTICLE_FAILED', 'ARTICLE_COMPLETED', 'PUBLISH_PROCESSING', 'PUBLISH_FAILED']
const mostGates = 50
const mostWorking = 12 // with ten articles each it is within the complexity that a request may have

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

/** The posts that wait: a person decides, or the site is asked what it has. */
const waitingPosts: PublicationState[] = ['NEEDS_DECISION', 'UNKNOWN']

/** The single articles and posts that wait, the oldest first. */
function useSingles() {
  const [after, setAfter] = usePlace()
  const articles = useRead(InboxArticlesDocument, { states: working, first: mostWorking, after }, { keep: true })
  const posts = useRead(InboxDocument, { states: waitingPosts, first: mostGates })
  const news = useNews()
  useWhenChanged(news, articles.again, 300)
  useWhenChanged(news, posts.again, 300)
  const workflows = articles.data?.workflows
  const { publications, failedArticles: failed } = posts.data?.viewer.organization ?? {}
  const entries = useMemo(
    () => oldestFirst([...failedOf(failed?.nodes ?? []), ...doubtedOf(workflows?.nodes ?? []), ...postsOf(publications?.nodes ?? [])]),
    [workflows, failed, publications])
  return {
    entries,
    watched: workflows?.nodes ?? [],
    again: () => { articles.again(); posts.again() },
    isKnown: workflows !== undefined && publications !== undefined,
    problem: articles.problem ?? posts.problem,
    after,
    setAfter,
    next: workflows && nextOf(workflows.pageInfo),
    hasMore: Boolean(publications?.pageInfo.hasNextPage || failed?.pageInfo.hasNextPage),
  }
}

function Inbox({ modes }: { modes: Modes }) {
  const gates = useWaiting(waitingStates(modes), mostGates)
  const { entries, watched, again, isKnown, problem, after, setAfter, next, hasMore } = useSingles()
  const isWhole = !after && !next && !hasMore
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
          {watched.map((one) => <Watch key={one.id} id={one.id} again={again} />)}
          <section aria-labelledby="singles" hidden={entries.length === 0} className="spaced">
            <h2 id="singles">Single articles and posts <span className="count">{entries.length}</span></h2>
            <ul className="feed">{entries.map((entry) => <Single key={entry.id} entry={entry} />)}</ul>
            {hasMore && <p className="hint">These are the {mostGates} failed articles and the {mostGates} posts that have waited longest.</p>}
          </section>
          {isKnown && (after || next) && (
            <>
              <p className="hint spaced">Texts with findings are those of {mostWorking} workflows in work at a time{entries.length === 0 && '; none of these has one that waits'}.</p>
              <Pager after={after} next={next} onPage={setAfter} />
            </>
          )}
          {problem && !isKnown && <ProblemNote problem={problem} again={again} />}
          {!problem && !isKnown && <Skeleton rows={1} label="Loading single articles" />}
          {isKnown && isWhole && entries.length === 0 && gates.rows.length === 0 && (
            <Empty title="Nothing waits for a person"><p>Reviews appear here as workflows reach them.</p></Empty>
          )}
        </>
      )}
    </Loaded>
  )
}

/** Reads the list again when the work on an article or a post of a workflow has ended. */
function Watch({ id, again }: { id: string; again: () => void }) {
  useLive(LiveUnitsDocument, { id }, ({ unitChanged: { unit } }) => { if (unit.state !== 'RUNNING') again() })
  return null
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

function Single({ entry }: { entry: Entry }) {
  const { workflow, kind } = entry
  const name = <><strong>{entry.title}</strong><span className="sub">{entry.why}</span></>
  return (
    <li className="card inbox" data-row={entry.id}>
      {kind === 'post'
        ? <Link to="/workflows/$id/publish" params={{ id: workflow.id }}>{name}</Link>
        : <Link to="/workflows/$id/articles/$article" params={{ id: workflow.id, article: entry.articleId }}>{name}</Link>}
      <span>{workflow.name}</span><span><Badge tone="warn">{kind === 'post' ? '◉ Post' : '◉ Article'}</Badge></span>
      <span>waits for <Ago at={entry.since} /></span>
    </li>
  )
}
