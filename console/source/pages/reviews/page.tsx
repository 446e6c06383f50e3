// Everything that waits for a person, the oldest first.
import { Link } from '@tanstack/react-router'
import { useRead } from '../../api/client'
import { useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { OrganizationDocument, WorkflowListDocument, type WorkflowRowFragment, type WorkflowState } from '../../gql/graphql'
import { Ago, Empty, Loaded, PageTitle } from '../../ui/basic'
import { StatusBadge } from '../../ui/badge'

type Modes = { plan: string; publish: string }

/** The states in which a workflow waits for a person's decision. */
export function waitingStates({ plan, publish }: Modes): WorkflowState[] {
  return ['SEED_REVIEW_PENDING', ...(plan === 'HUMAN' ? ['VALIDATION_COMPLETED' as const] : []),
    ...(publish === 'HUMAN' ? ['ARTICLE_COMPLETED' as const] : [])]
}

export function ReviewsPage() {
  const organization = useRead(OrganizationDocument, { oversee: false })
  return (
    <>
      <PageTitle title="Reviews" />
      <Loaded read={organization}>{({ viewer }) => <Inbox modes={viewer.organization.gates} />}</Loaded>
    </>
  )
}

function Inbox({ modes }: { modes: Modes }) {
  const actors = useMay()('ACTORS')
  const read = useRead(WorkflowListDocument, {
    filter: { states: waitingStates(modes) }, orderBy: { field: 'UPDATED_AT', direction: 'ASC' }, first: 50, actors,
  })
  useWhenChanged(useNews(), read.again, 300)
  return (
    <Loaded read={read}>
      {({ workflows: { nodes, pageInfo } }) => {
        const waiting = nodes.filter((row) => waitingStates(modes).includes(row.state))
        if (waiting.length === 0) return <Empty title="Nothing waits for a person"><p>Reviews appear here as workflows reach them.</p></Empty>
        return (
          <>
            <ul className="feed">{waiting.map((row) => <Item key={row.id} row={row} />)}</ul>
            {pageInfo.hasNextPage && <p className="hint">These are the 50 that have waited longest.</p>}
          </>
        )
      }}
    </Loaded>
  )
}

const questions: Partial<Record<WorkflowState, string>> = {
  SEED_REVIEW_PENDING: 'Which keywords are articles planned for?', VALIDATION_COMPLETED: 'Which articles are written?',
  ARTICLE_COMPLETED: 'Which articles are published?',
}

function Item({ row }: { row: WorkflowRowFragment }) {
  const name = <><strong>{row.name}</strong><span className="sub">{questions[row.state]}</span></>
  return (
    <li className="card inbox" data-row={row.id}>
      {row.state === 'SEED_REVIEW_PENDING' ? <Link to="/workflows/$id/keywords" params={{ id: row.id }}>{name}</Link>
        : row.state === 'VALIDATION_COMPLETED' ? <Link to="/workflows/$id/plan" params={{ id: row.id }}>{name}</Link>
        : <Link to="/workflows/$id/articles" params={{ id: row.id }}>{name}</Link>}
      <span>{row.company.name}</span><StatusBadge status={row.status} /><span>waits for <Ago at={row.activity.since} /></span>
    </li>
  )
}
