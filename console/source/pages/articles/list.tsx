// The articles of a workflow: how far each is, and what it needs.
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useLive, useRead } from '../../api/client'
import { useGaps } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { ArticlesDocument, LiveUnitsDocument, LiveWorkflowDocument, type ArticleRowFragment, type ArticlesQuery } from '../../gql/graphql'
import { Absent } from '../../ui/absent'
import { Ago, Countdown, Empty, Loaded, Money, PageTitle, Synthetic } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { plural, words } from '../../ui/format'
import { Finish } from '../workflow/finish'
import { shows, type Show } from './search'
import { UnitBadge } from './unit'

export type Flow = NonNullable<ArticlesQuery['workflow']>

/** The most articles of a workflow. */
export const mostArticles = 50

/** The articles of a workflow, as their units work. */
export function useArticles(id: string) {
  const actors = useMay()('ACTORS')
  const read = useRead(ArticlesDocument, { id, first: mostArticles, actors })
  useLive(LiveWorkflowDocument, { id, actors }, ({ workflowTransitioned: event }) => {
    if (event.resync || event.workflow?.version !== read.data?.workflow?.version) read.again()
  })
  // An event writes its unit into the cache. The text that a finished unit has needs the list again.
  useLive(LiveUnitsDocument, { id }, ({ unitChanged: { unit } }) => { if (unit.state !== 'RUNNING') read.again() })
  useWhenChanged(useGaps(), read.again)
  return read
}

export function ArticlesPage() {
  const { id } = useParams({ from: '/workflows/$id/articles' })
  const read = useArticles(id)
  return (
    <Loaded read={read} rows={10}>
      {({ workflow }) => (workflow
        ? <Shown flow={workflow} again={read.again} />
        : <Absent what="workflow" />)}
    </Loaded>
  )
}

const labels: Record<Show, string> = { review: 'Needs a person', writing: 'Being written', done: 'Written', failed: 'Failed or left out' }

/** Whether an article is one of a kind. */
export function isOf(show: Show, { unit, needsReview }: Pick<ArticleRowFragment, 'needsReview'> & { unit: { state: string } }): boolean {
  switch (show) {
    case 'review': return needsReview && unit.state === 'DONE'
    case 'writing': return unit.state === 'PENDING' || unit.state === 'RUNNING'
    case 'done': return unit.state === 'DONE'
    case 'failed': return unit.state === 'FAILED' || unit.state === 'SKIPPED'
  }
}

function Shown({ flow, again }: { flow: Flow; again: () => void }) {
  const { show } = useSearch({ from: '/workflows/$id/articles' })
  const navigate = useNavigate({ from: '/workflows/$id/articles' })
  const all = flow.articles.nodes
  const shown = all.filter((one) => !show || isOf(show, one))
  return (
    <>
      <p className="crumbs">
        <Link to="/workflows">Workflows</Link> / <Link to="/workflows/$id" params={{ id: flow.id }}>{flow.name}</Link> /
      </p>
      <PageTitle title="Articles"><Link to="/workflows/$id/publish" params={{ id: flow.id }} className="button">Publishing</Link></PageTitle>
      {all.length === 0
        ? <Empty title="There is no article yet"><p>Articles appear here when the plan is approved.</p></Empty>
        : (
          <>
            <Progress all={all} />
            {flow.state === 'ARTICLE_FAILED' && all.every((one) => one.unit.state !== 'FAILED') && (
              <Finish id={flow.id} what="Every article is written or left out" again={again} />
            )}
            <div className="chips" role="group" aria-label="Articles to show">
              {[undefined, ...shows].map((one) => (
                <button key={one ?? 'all'} type="button" className="chip" aria-pressed={show === one}
                  onClick={() => navigate({ resetScroll: false, search: { show: one } })}>
                  {one ? labels[one] : 'All'} <span className="count">{all.filter((article) => !one || isOf(one, article)).length}</span>
                </button>
              ))}
            </div>
            {shown.length === 0 ? <Empty title="No article is of this kind" /> : (
              <ol className="feed">{shown.map((article) => <Row key={article.id} id={flow.id} article={article} />)}</ol>
            )}
          </>
        )}
    </>
  )
}

function Progress({ all }: { all: ArticleRowFragment[] }) {
  const ended = all.filter((one) => !isOf('writing', one)).length
  const review = all.filter((one) => isOf('review', one)).length
  return (
    <section className="card" aria-label="Progress">
      <p role="status"><strong>{ended}</strong> of {plural(all.length, 'article')} finished{review > 0 && `, ${review} of them need a person`}.</p>
      <progress className="progress wide" max={all.length} value={ended} aria-label="Finished articles" />
    </section>
  )
}

const isOver = (state: string) => state === 'DONE' || state === 'FAILED' || state === 'SKIPPED'

function Row({ id, article }: { id: string; article: Flow['articles']['nodes'][number] }) {
  const { unit, checks } = article
  const blocking = checks.filter((check) => check.isBlocking).length
  return (
    <li className="card article-row" data-row={article.id}>
      <div>
        <Link to="/workflows/$id/articles/$article" params={{ id, article: article.id }} className="row-link">{article.title}</Link>{' '}
        {article.isSynthetic && <Synthetic />}
        <span className="sub">
          {article.revision > 0 ? `${plural(article.words, 'word')} · revision ${article.revision} · ` : ''}<Money amount={article.spend.settled} /> of <Money amount={article.spend.cap} />
          {unit.attempt > 1 ? ` · attempt ${unit.attempt}` : ''} · {words(unit.state).toLowerCase()} {isOver(unit.state) ? <><Ago at={unit.since} /> ago</> : <>for <Ago at={unit.since} /></>}
          {unit.nextRetryAt && <> · again in <Countdown to={unit.nextRetryAt} /></>}
        </span>
        {unit.failure && <span className="sub">{words(unit.failure)}{unit.message ? `: ${unit.message}` : ''}</span>}
      </div>
      <div className="article-state">
        {article.decision?.revision === article.revision && <Badge tone={article.decision.verdict === 'APPROVED' ? 'good' : 'warn'}>{words(article.decision.verdict)}</Badge>}
        {article.needsReview && <Badge tone="warn">{`◉ ${plural(blocking, 'finding')}`}</Badge>}
        <UnitBadge state={unit.state} />
        {unit.state === 'RUNNING' && unit.of > 0 && <progress className="progress inline" max={unit.of} value={unit.done} aria-label={`Parts of ${article.title}`} />}
      </div>
    </li>
  )
}
