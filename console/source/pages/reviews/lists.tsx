// One list for each kind of what waits.
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useRead, type Read } from '../../api/client'
import {
  InboxFailedArticlesDocument, InboxFailuresDocument, InboxPostsDocument, InboxTextsDocument, WorkflowListDocument,
  type ActivityCode, type InboxFailuresQuery, type NextStepsFragment, type WorkflowRowFragment,
} from '../../gql/graphql'
import { Ago } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { NextActions } from '../workflow/next'
import { doubtedOf, failedOf, postsOf, type Entry } from './entries'
import type { Kind } from './search'

type Asked = { first: number; after?: string; actors: boolean }
type List = { read: Read<unknown>; rows: ReactNode[]; pageInfo?: { hasNextPage: boolean; endCursor?: string | null } }

const decisions: ActivityCode[] = ['AWAITING_REVIEW', 'AWAITING_PLAN_APPROVAL', 'AWAITING_PUBLISH_APPROVAL']
const failures: ActivityCode[] = ['FAILED', 'NEEDS_DECISION']

/** A page of one kind. Only the list of that kind is read. */
export function useList(kind: Kind, { actors, ...page }: Asked): List {
  const unless = (one: Kind) => ({ keep: true, skip: one !== kind })
  const gates = useRead(WorkflowListDocument, {
    filter: { activity: decisions }, orderBy: { field: 'UPDATED_AT', direction: 'ASC' }, actors, ...page,
  }, unless('decisions'))
  const failed = useRead(InboxFailuresDocument, { actors, ...page }, unless('failures'))
  const articles = useRead(InboxFailedArticlesDocument, page, unless('articles'))
  const texts = useRead(InboxTextsDocument, page, unless('texts'))
  const posts = useRead(InboxPostsDocument, page, unless('posts'))
  switch (kind) {
    case 'decisions': {
      const list = gates.data?.workflows
      return { read: gates, pageInfo: list?.pageInfo, rows: those(list?.nodes, decisions).map((row) => <Decision key={row.id} row={row} />) }
    }
    case 'failures': return { read: failed, pageInfo: failed.data?.workflows.pageInfo, rows: failedRows(failed.data) }
    case 'articles': {
      const list = articles.data?.viewer.organization.failedArticles
      return { read: articles, pageInfo: list?.pageInfo, rows: singles(failedOf(list?.nodes ?? [])) }
    }
    case 'texts': {
      const list = texts.data?.viewer.organization.articlesToReview
      return { read: texts, pageInfo: list?.pageInfo, rows: singles(doubtedOf(list?.nodes ?? [])) }
    }
    case 'posts': {
      const list = posts.data?.viewer.organization.publications
      return { read: posts, pageInfo: list?.pageInfo, rows: singles(postsOf(list?.nodes ?? [])) }
    }
  }
}

/** The rows that still wait: an event changes a row of the cache before the list is read again. */
const those = <Row extends WorkflowRowFragment>(rows: Row[] | undefined, codes: ActivityCode[]) =>
  (rows ?? []).filter((row) => codes.includes(row.activity.code))

const failedRows = (data: InboxFailuresQuery | undefined) =>
  those(data?.workflows.nodes, failures).map((row) => <Failure key={row.id} row={row} steps={data!.workflowGraph.steps} />)

const singles = (entries: Entry[]) => entries.map((entry) => <Single key={entry.id} entry={entry} />)

const questions: Partial<Record<ActivityCode, { what: string; question: string }>> = {
  AWAITING_REVIEW: { what: 'Keywords', question: 'Which keywords are articles planned for?' },
  AWAITING_PLAN_APPROVAL: { what: 'Article plan', question: 'Which articles are written?' },
  AWAITING_PUBLISH_APPROVAL: { what: 'Publishing', question: 'Which articles are published?' },
}

function Decision({ row }: { row: WorkflowRowFragment }) {
  const { code, since } = row.activity
  const asked = questions[code]
  const name = <><strong>{row.name}</strong><span className="sub">{asked?.question}</span></>
  return (
    <li className="card inbox" data-row={row.id}>
      {code === 'AWAITING_REVIEW' ? <Link to="/workflows/$id/keywords" params={{ id: row.id }}>{name}</Link>
        : code === 'AWAITING_PLAN_APPROVAL' ? <Link to="/workflows/$id/plan" params={{ id: row.id }}>{name}</Link>
        : <Link to="/workflows/$id/articles" params={{ id: row.id }}>{name}</Link>}
      <span>{row.company.name}</span><span><Badge tone="warn">{`◉ ${asked?.what ?? 'Review'}`}</Badge></span>
      <span className="inbox-age">waits for <Ago at={since} /></span>
    </li>
  )
}

function Failure({ row, steps }: { row: NextStepsFragment; steps: InboxFailuresQuery['workflowGraph']['steps'] }) {
  return (
    <li className="card inbox" data-row={row.id}>
      <Link to="/workflows/$id" params={{ id: row.id }}><strong>{row.name}</strong><span className="sub">{row.activity.sentence}</span></Link>
      <span>{row.company.name}</span>
      <span><Badge tone="bad">{`✕ Step ${row.step?.number ?? '–'} of 7`}</Badge></span>
      <span className="inbox-age">failed <Ago at={row.activity.since} /> ago</span>
      <div className="inbox-actions"><NextActions workflow={row} steps={steps} isNamed /></div>
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
      <span className="inbox-age">waits for <Ago at={entry.since} /></span>
    </li>
  )
}
