// One order to change many workflows, with a result for each.
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useLive, useRead } from '../../api/client'
import { useGaps } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { BatchDocument, LiveBatchDocument, type BatchOutcome, type BatchQuery } from '../../gql/graphql'
import { Absent } from '../../ui/absent'
import { Empty, Loaded, Moment, Money, PageTitle } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { BatchProgress } from '../bulk'
import { actionOf, bulkActions } from '../bulk-rules'
import { Rows } from '../../ui/table'

type Batch = Extract<NonNullable<BatchQuery['node']>, { items: unknown }>

export function BatchPage() {
  const { batch } = useParams({ from: '/batches/$batch' })
  const { outcome, after } = useSearch({ from: '/batches/$batch' })
  const actors = useMay()('ACTORS')
  const read = useRead(BatchDocument, { id: batch, outcomes: outcome ? [outcome] : null, first: 50, after, actors }, { keep: true })
  const found = read.data?.node
  const isOver = Boolean(found && 'endedAt' in found && found.endedAt)
  useLive(LiveBatchDocument, { id: batch, actors }, read.again, isOver)
  useWhenChanged(useGaps(), read.again)
  return (
    <Loaded read={read}>
      {({ node }) => (node && 'items' in node
        ? <Shown batch={node as Batch} outcome={outcome} after={after} />
        : <Absent what="batch" />)}
    </Loaded>
  )
}

const labels: Record<BatchOutcome, string> = { DONE: 'Changed', REFUSED: 'Refused' }

function Shown({ batch, outcome, after }: { batch: Batch; outcome?: BatchOutcome; after?: string }) {
  const navigate = useNavigate({ from: '/batches/$batch' })
  const set = (search: { outcome?: BatchOutcome; after?: string }) => navigate({ resetScroll: false, search })
  const counts = { DONE: batch.succeeded, REFUSED: batch.done - batch.succeeded }
  return (
    <>
      <p className="crumbs"><Link to="/workflows">Workflows</Link> / <Link to="/batches">Batches</Link> /</p>
      <PageTitle title={`${bulkActions[actionOf[batch.kind]].verb} many workflows`}>
        <Badge tone={batch.endedAt ? 'good' : 'active'}>{batch.endedAt ? '✓ Ended' : '◑ Running'}</Badge>
      </PageTitle>
      <p className="sub">
        <Moment at={batch.createdAt} />{batch.createdBy ? ` by ${batch.createdBy}` : ''}{batch.reason ? `: “${batch.reason}”` : ''}
        {batch.kind === 'LIMIT' && <> · limit <Money amount={batch.limit} /></>}
      </p>
      <section className="card spaced" aria-label="Progress"><BatchProgress batch={batch} /></section>
      <div className="chips spaced" role="group" aria-label="Results to show">
        {([undefined, 'DONE', 'REFUSED'] as const).map((one) => (
          <button key={one ?? 'all'} type="button" className="chip" aria-pressed={outcome === one} onClick={() => set({ outcome: one })}>
            {one ? labels[one] : 'All'} <span className="count">{one ? counts[one] : batch.total}</span>
          </button>
        ))}
      </div>
      {batch.items.nodes.length === 0 ? <Empty title="No workflow has this result" /> : (
        <Rows caption="Results" columns={[{ label: 'Workflow', isHead: true }, { label: 'Result' }, { label: 'Reason', isText: true }, { label: 'Time' }]}
          lines={batch.items.nodes.map((item) => ({
            key: item.position,
            cells: [
              <Link to="/workflows/$id" params={{ id: item.workflow.id }}>{item.workflow.name}</Link>,
              item.outcome ? <Badge tone={item.outcome === 'DONE' ? 'good' : 'bad'}>{`${item.outcome === 'DONE' ? '✓' : '✕'} ${labels[item.outcome]}`}</Badge> : <span className="faint">waits</span>,
              item.message ?? (item.step ? words(item.step) : ''), <Moment at={item.at} />,
            ],
          }))} />
      )}
      <Pager after={after} next={nextOf(batch.items.pageInfo)} onPage={(next) => set({ outcome, after: next })} />
    </>
  )
}
