// The orders to change many workflows, the newest first.
import { Link } from '@tanstack/react-router'
import { useRead } from '../../api/client'
import { useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { BatchesDocument } from '../../gql/graphql'
import { Empty, Loaded, Moment, PageTitle } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'
import { BatchProgress } from '../bulk'
import { actionOf, bulkActions } from '../bulk-rules'

export function BatchesPage() {
  const [after, setAfter] = usePlace()
  const read = useRead(BatchesDocument, { first: 20, after, actors: useMay()('ACTORS') }, { keep: true })
  useWhenChanged(useNews(), read.again, 1000)
  return (
    <>
      <p className="crumbs"><Link to="/workflows">Workflows</Link> /</p>
      <PageTitle title="Batches" />
      <Loaded read={read}>
        {({ viewer: { organization: { batches: { nodes, pageInfo } } } }) => (
          <>
            {nodes.length === 0 && <Empty title="There is no batch yet"><p>Changes of many workflows at once appear here.</p></Empty>}
            <ul className="feed">
              {nodes.map((batch) => (
                <li key={batch.id} className="card" data-row={batch.id}>
                  <p>
                    <Link to="/batches/$batch" params={{ batch: batch.id }} className="row-link">{bulkActions[actionOf[batch.kind]].verb} many workflows</Link>{' '}
                    <Badge tone={batch.endedAt ? 'good' : 'active'}>{batch.endedAt ? '✓ Ended' : '◑ Running'}</Badge>
                  </p>
                  <p className="sub"><Moment at={batch.createdAt} />{batch.createdBy ? ` by ${batch.createdBy}` : ''}{batch.reason ? `: “${batch.reason}”` : ''}</p>
                  <BatchProgress batch={batch} />
                </li>
              ))}
            </ul>
            <Pager after={after} next={nextOf(pageInfo)} onPage={setAfter} />
          </>
        )}
      </Loaded>
    </>
  )
}
