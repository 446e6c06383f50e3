// Events that need a person's attention.
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useRead } from '../../api/client'
import { useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { AlertsDocument, type AlertRowFragment } from '../../gql/graphql'
import { Ago, Empty, Loaded, Moment, Money, PageTitle } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { alertKinds, type AlertSearch } from './search'
import { WebhookButton } from './webhook'

export function AlertsPage() {
  const { kind, after } = useSearch({ from: '/alerts' })
  const navigate = useNavigate({ from: '/alerts' })
  const oversee = useMay()('OVERSEE')
  const read = useRead(AlertsDocument, { kinds: kind ? [kind] : null, first: 25, after, oversee }, { keep: true })
  useWhenChanged(useNews(), read.again, 500)
  const change = (search: AlertSearch) => navigate({ resetScroll: false, search: (old) => ({ ...old, after: undefined, ...search }) })
  return (
    <>
      <PageTitle title="Alerts"><WebhookButton url={read.data?.viewer.organization.alertWebhook?.url} again={read.again} /></PageTitle>
      <form className="filters" onSubmit={(event) => event.preventDefault()}>
        <label>Kind
          <select value={kind ?? ''} onChange={(event) => change({ kind: (event.target.value || undefined) as AlertSearch['kind'] })}>
            <option value="">Any</option>
            {alertKinds.map((one) => <option key={one} value={one}>{words(one)}</option>)}
          </select>
        </label>
      </form>
      <Loaded read={read}>
        {({ viewer: { organization: { alerts } } }) => (
          <>
            {alerts.nodes.length === 0
              ? <Empty title="There is no alert"><p>Limits that are reached, prices in quarantine and calls without an outcome appear here.</p></Empty>
              : <ul className="feed">{alerts.nodes.map((alert) => <Line key={alert.id} alert={alert} />)}</ul>}
            <Pager after={after} next={nextOf(alerts.pageInfo)} onPage={(next) => change({ after: next })} />
          </>
        )}
      </Loaded>
    </>
  )
}

const tones: Record<string, string> = { THRESHOLD: 'warn', OVERAGE: 'bad', OUTCOME_UNKNOWN: 'warn', RECONCILIATION_DIFFERENCE: 'bad' }

function Line({ alert }: { alert: AlertRowFragment }) {
  return (
    <li className="card" data-row={alert.id}>
      <p><Badge tone={tones[alert.kind]}>{words(alert.kind)}</Badge>{' '}
        {alert.threshold && <strong>{alert.threshold} %</strong>} <span className="faint"><Moment at={alert.createdAt} /> · <Ago at={alert.createdAt} /> ago</span></p>
      <p className="alert-message">{alert.message}</p>
      <p className="sub">
        {alert.settled && <>Spent <Money amount={alert.settled} /> of <Money amount={alert.limit} />. </>}
        {alert.model && `${alert.model}. `}
        {alert.workflowId && <Link to="/workflows/$id" params={{ id: alert.workflowId }}>Open the workflow</Link>}
        {alert.priceProposalId && <Link to="/prices">Open the prices</Link>}
      </p>
      {alert.delivery && <Delivery delivery={alert.delivery} />}
    </li>
  )
}

function Delivery({ delivery }: { delivery: NonNullable<AlertRowFragment['delivery']> }) {
  return (
    <p className="sub">Webhook: {words(delivery.state)}, {delivery.attempts} attempts
      {delivery.lastStatus ? `, last status ${delivery.lastStatus}` : ''}{delivery.lastError ? `, ${delivery.lastError}` : ''}
      {delivery.nextAttemptAt && <>, next attempt <Moment at={delivery.nextAttemptAt} /></>}
    </p>
  )
}
