// Events that need a person's attention.
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { newKey, useAct, useLive, useRead } from '../../api/client'
import { useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { AlertsDocument, LiveAlertsDocument, MarkAlertsReadDocument, type AlertRowFragment } from '../../gql/graphql'
import { Ago, Button, Empty, Loaded, Moment, Money, PageTitle } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { plural, words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { say } from '../../ui/toast'
import { Refusal } from '../workflow/refusal'
import { alertKinds, type AlertSearch } from './search'
import { Webhook } from './webhook'

export function AlertsPage() {
  const { kind, unread, after } = useSearch({ from: '/alerts' })
  const navigate = useNavigate({ from: '/alerts' })
  const oversee = useMay()('OVERSEE')
  const read = useRead(AlertsDocument, { kinds: kind ? [kind] : null, unread: unread ?? null, first: 25, after, oversee }, { keep: true })
  useWhenChanged(useNews(), read.again, 500)
  useLive(LiveAlertsDocument, { oversee }, read.again)
  const change = (search: AlertSearch) => navigate({ resetScroll: false, search: (old) => ({ ...old, after: undefined, ...search }) })
  return (
    <>
      <PageTitle title="Alerts" />
      <form className="filters" onSubmit={(event) => event.preventDefault()}>
        <label>Kind
          <select value={kind ?? ''} onChange={(event) => change({ kind: (event.target.value || undefined) as AlertSearch['kind'] })}>
            <option value="">Any</option>
            {alertKinds.map((one) => <option key={one} value={one}>{words(one)}</option>)}
          </select>
        </label>
        <label>Show
          <select value={unread ? 'unread' : ''} onChange={(event) => change({ unread: event.target.value === 'unread' || undefined })}>
            <option value="">All</option><option value="unread">Unread</option>
          </select>
        </label>
        <MarkAll alerts={read.data?.viewer.organization.alerts.nodes ?? []} isFirst={!after} again={read.again} />
      </form>
      <Loaded read={read}>
        {({ viewer: { organization: { alerts, alertWebhook } } }) => (
          <>
            {alerts.nodes.length === 0
              ? <Empty title={unread ? 'You have read every alert' : 'There is no alert'}><p>Limits that are reached, prices in quarantine and calls without an outcome appear here.</p></Empty>
              : <ul className="feed">{alerts.nodes.map((alert) => <Line key={alert.id} alert={alert} again={read.again} />)}</ul>}
            <Pager after={after} next={nextOf(alerts.pageInfo)} onPage={(next) => change({ after: next })} />
            {oversee && <section className="card spaced" aria-label="Webhook"><h2>Webhook</h2><Webhook url={alertWebhook?.url} again={read.again} /></section>}
          </>
        )}
      </Loaded>
    </>
  )
}

const tones: Record<string, string> = { THRESHOLD: 'warn', OVERAGE: 'bad', OUTCOME_UNKNOWN: 'warn', RECONCILIATION_DIFFERENCE: 'bad' }

/** Marks everything up to the newest alert that this person sees: later ones stay new. */
function MarkAll({ alerts, isFirst, again }: { alerts: AlertRowFragment[]; isFirst: boolean; again: () => void }) {
  const mark = useAct(MarkAlertsReadDocument)
  const newest = alerts[0]
  const reason = !isFirst ? 'Go to the first page.' : alerts.every((one) => one.readAt) ? 'There is no unread alert here.' : null
  const run = async () => {
    const { payload } = await mark.run({ input: { until: newest?.createdAt, idempotencyKey: newKey() } })
    if (payload && payload.userErrors.length === 0) say(`${plural(payload.marked, 'alert')} marked as read.`)
    again()
  }
  const refused = mark.last && (mark.last.problem || mark.last.userErrors.length > 0) ? mark.last : null
  return (
    <>
      <Button isBusy={mark.isBusy} reason={reason} onClick={() => void run()}>Mark all as read</Button>
      {refused && <Refusal outcome={refused} />}
    </>
  )
}

function Line({ alert, again }: { alert: AlertRowFragment; again: () => void }) {
  const mark = useAct(MarkAlertsReadDocument)
  const read = async () => {
    await mark.run({ input: { alertIds: [alert.id], idempotencyKey: newKey() } })
    again()
  }
  return (
    <li className={alert.readAt ? 'card' : 'card unread'} data-row={alert.id}>
      <p>{!alert.readAt && <><Badge tone="active">● new</Badge>{' '}</>}<Badge tone={tones[alert.kind]}>{words(alert.kind)}</Badge>{' '}
        {alert.threshold && <strong>{alert.threshold} %</strong>} <span className="faint"><Moment at={alert.createdAt} /> · <Ago at={alert.createdAt} /> ago</span></p>
      <p className="alert-message">{alert.message}</p>
      <p className="sub">
        {alert.settled && <>Spent <Money amount={alert.settled} /> of <Money amount={alert.limit} />. </>}
        {alert.model && `${alert.model}. `}
        <Cause alert={alert} />
      </p>
      {!alert.readAt && <Button kind="quiet" isBusy={mark.isBusy} aria-label={`Mark as read: ${alert.message}`} onClick={() => void read()}>Mark as read</Button>}
      {alert.delivery && <Delivery delivery={alert.delivery} />}
    </li>
  )
}

/** The page that shows why the alert was written. */
function Cause({ alert: { kind, workflowId, callId, priceProposalId, account } }: { alert: AlertRowFragment }) {
  const calls = useMay()('CALLS')
  if (priceProposalId) return <Link to="/prices">Open the prices</Link>
  if (workflowId && callId && calls) return <Link to="/workflows/$id" params={{ id: workflowId }} search={{ tab: 'calls' }}>Open the workflow’s calls</Link>
  if (workflowId) return <Link to="/workflows/$id" params={{ id: workflowId }}>Open the workflow</Link>
  if (account === 'MONTH' || kind === 'RECONCILIATION_DIFFERENCE') return <Link to="/spend">Open the spend</Link>
  return null
}

function Delivery({ delivery }: { delivery: NonNullable<AlertRowFragment['delivery']> }) {
  return (
    <p className="sub">Webhook: {words(delivery.state).toLowerCase()}{delivery.deliveredAt && <> <Moment at={delivery.deliveredAt} /></>}, {plural(delivery.attempts, 'attempt')}
      {delivery.lastStatus ? `, last status ${delivery.lastStatus}` : ''}{delivery.lastError ? `, ${delivery.lastError}` : ''}
      {delivery.nextAttemptAt && <>, next attempt <Moment at={delivery.nextAttemptAt} /></>}
    </p>
  )
}
