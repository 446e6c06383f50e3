// The money of one workflow: spent, held, limit, and the calls that hold.
import { useRead } from '../../api/client'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { AffordableDocument, HoldingCallsDocument } from '../../gql/graphql'
import { Ago, Money } from '../../ui/basic'
import { alertThresholds, Gauge } from '../../ui/gauge'
import { plural, words } from '../../ui/format'
import type { Workflow } from './page'

export function SpendCard({ workflow, changes }: { workflow: Workflow; changes: number }) {
  const { spend } = workflow
  const may = useMay()
  const read = useRead(HoldingCallsDocument, { ids: [workflow.id] }, { skip: !may('CALLS') })
  useWhenChanged(changes, () => { if (may('CALLS')) read.again() })
  const { nodes: holding = [], totalCount = 0 } = read.data?.viewer.organization.calls ?? {}
  return (
    <section className="card" aria-labelledby="spend">
      <h2 id="spend">Spend</h2>
      <Gauge settled={spend.settled} held={spend.held} limit={spend.limit} thresholds={alertThresholds} />
      <dl className="sums">
        <div><dt>Spent</dt><dd><Money amount={spend.settled} /></dd></div>
        <div><dt>Held</dt><dd><Money amount={spend.held} /></dd></div>
        <div><dt>Remaining</dt><dd><Money amount={spend.remaining} /></dd></div>
        <div><dt>Limit</dt><dd><Money amount={spend.limit} /></dd></div>
      </dl>
      <Affordable workflow={workflow} />
      {spend.stopped && <p className="note bad">⚠ A call cost more than its hold. No further call starts until the limit is set again.</p>}
      {holding.length > 0 && (
        <ul className="holding" aria-label="Calls that hold money">
          {holding.map((call) => (
            <li key={call.id}><Money amount={call.hold} /> {words(call.state)} · {call.models[0] ?? 'a call'} · for <Ago at={call.reservedAt} /></li>
          ))}
          {totalCount > holding.length && <li>and {plural(totalCount - holding.length, 'more call')}</li>}
        </ul>
      )}
    </section>
  )
}

/** What the limits buy. */
function Affordable({ workflow: { id, isTerminal, spend } }: { workflow: Workflow }) {
  const read = useRead(AffordableDocument, { id }, { skip: isTerminal })
  useWhenChanged(`${spend.settled} ${spend.held} ${spend.limit}`, () => { if (!isTerminal) read.again() }, 500)
  const forecast = read.data?.forecast
  if (!forecast || isTerminal) return null
  return (
    <p className="sub spaced">
      The limits of the workflow and the month have room for {forecast.affordable >= 50 ? '50 articles or more' : plural(forecast.affordable, 'article')} of
      at most <Money amount={forecast.cap} /> each, probably <Money amount={forecast.likely} />.
    </p>
  )
}
