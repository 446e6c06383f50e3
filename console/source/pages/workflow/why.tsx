// "Why is it not moving?", with the next actions.
import { Ago, Countdown } from '../../ui/basic'
import { NextActions } from './next'
import type { Steps, Workflow } from './page'

export function WhyCard({ workflow, steps }: { workflow: Workflow; steps: Steps }) {
  const { activity } = workflow
  return (
    <section className="card" aria-labelledby="why" data-decision="">
      <h2 id="why">Why is it not moving?</h2>
      <p className="why-sentence">{activity.sentence}</p>
      <dl className="facts">
        <div><dt>For</dt><dd><Ago at={activity.since} /></dd></div>
        {activity.who && <div><dt>By</dt><dd>{activity.who}</dd></div>}
        {activity.nextRetryAt && <div><dt>Next retry in</dt><dd><Countdown to={activity.nextRetryAt} /></dd></div>}
        {activity.leaseExpiresAt && <div><dt>Lease ends in</dt><dd><Countdown to={activity.leaseExpiresAt} /></dd></div>}
      </dl>
      <NextActions workflow={workflow} steps={steps} />
    </section>
  )
}
