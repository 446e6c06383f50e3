// The gate before publishing, and every article on every site.
import { Link, useParams } from '@tanstack/react-router'
import { useLive, useRead } from '../../api/client'
import { useGaps } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { denied, useMay, useViewer } from '../../api/viewer'
import { LiveUnitsDocument, PublicationsDocument, PublishTargetsDocument } from '../../gql/graphql'
import { Absent } from '../../ui/absent'
import { Empty, Loaded, PageTitle } from '../../ui/basic'
import { words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'
import { useArticles, type Flow } from '../articles/list'
import { Finish } from '../workflow/finish'
import { Approve } from './approve'
import { Publication } from './publication'

export function PublishPage() {
  const { id } = useParams({ from: '/workflows/$id/publish' })
  const read = useArticles(id)
  return (
    <Loaded read={read} rows={10}>
      {({ workflow }) => (workflow
        ? <Shown flow={workflow} again={read.again} />
        : <Absent what="workflow" />)}
    </Loaded>
  )
}

/** Why nothing can be approved now; null when it can. */
function useClosed(flow: Flow): string | null {
  const { role } = useViewer()
  if (!useMay()('OPERATE')) return denied(role, 'OPERATE')
  return flow.state === 'ARTICLE_COMPLETED' ? null : 'The workflow does not wait for this decision now.'
}

function Shown({ flow, again }: { flow: Flow; again: () => void }) {
  const actors = useMay()('ACTORS')
  const targets = useRead(PublishTargetsDocument, { actors })
  const closed = useClosed(flow)
  const last = flow.gates.find((one) => one.key === 'PUBLISH')?.decisions?.[0]
  return (
    <>
      <p className="crumbs">
        <Link to="/workflows">Workflows</Link> / <Link to="/workflows/$id" params={{ id: flow.id }}>{flow.name}</Link> /
      </p>
      <PageTitle title="Publishing" />
      {flow.state === 'ARTICLE_COMPLETED' && (
        <Loaded read={targets} rows={4}>
          {({ viewer }) => <Approve flow={flow} targets={viewer.organization.publishTargets} closed={closed} again={again} />}
        </Loaded>
      )}
      {last && <p className="sub">Last decision: {words(last.verdict)} by {last.decidedBy}{last.feedback ? `: “${last.feedback}”` : '.'}</p>}
      <Publications flow={flow} again={again} />
    </>
  )
}

/** The events of each publication count too, so a page is small. */
const pageSize = 25

function Publications({ flow, again }: { flow: Flow; again: () => void }) {
  const [after, setAfter] = usePlace()
  const actors = useMay()('ACTORS')
  const read = useRead(PublicationsDocument, { id: flow.id, first: pageSize, after, actors }, { keep: true })
  useLive(LiveUnitsDocument, { id: flow.id }, read.again)
  useWhenChanged(flow.version, read.again)
  useWhenChanged(useGaps(), read.again)
  const titles = new Map(flow.articles.nodes.map((one) => [one.id, one.title]))
  return (
    <section className="spaced" aria-labelledby="publications">
      <h2 id="publications">Publications {(read.data?.workflow?.publications.totalCount ?? 0) > 0 && <span className="count">{read.data?.workflow?.publications.totalCount}</span>}</h2>
      <Loaded read={read} rows={3}>
        {({ workflow }) => {
          const found = workflow?.publications
          if (!found || found.nodes.length === 0) return <Empty title="Nothing is published yet"><p>Each approved article appears here for each site.</p></Empty>
          const isDecided = flow.state === 'PUBLISH_FAILED' && !found.pageInfo.hasNextPage && !after && found.nodes.every((one) => one.state !== 'NEEDS_DECISION')
          return (
            <>
              {isDecided && <Finish id={flow.id} what="Every post is decided" again={again} />}
              <ul className="feed">
                {found.nodes.map((one) => <Publication key={one.id} one={one} title={titles.get(one.articleId) ?? one.articleId} flow={flow.id} again={read.again} />)}
              </ul>
              <Pager after={after} next={nextOf(found.pageInfo)} onPage={setAfter} />
            </>
          )
        }}
      </Loaded>
    </section>
  )
}
