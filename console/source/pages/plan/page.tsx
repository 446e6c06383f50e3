// The review of the article plan: topics with hub and spokes, verdicts, briefs, decisions.
import { Link, useParams, useSearch, useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { newKey, useAct, useLive, useRead } from '../../api/client'
import { connections } from '../../api/live'
import { useStore, useWhenChanged } from '../../api/store'
import { denied, useActors, useMay, useViewer } from '../../api/viewer'
import { DecideArticlePlansDocument, LiveWorkflowDocument, PlanDocument, type ArticlePlanFilter, type ArticlePlanItemInput, type PlanChoice, type PlanQuery } from '../../gql/graphql'
import { Absent } from '../../ui/absent'
import { Button, Empty, Loaded, PageTitle } from '../../ui/basic'
import { Forecast } from '../../ui/forecast'
import { money, plural, words } from '../../ui/format'
import { say } from '../../ui/toast'
import { Refusal } from '../workflow/refusal'
import { ApprovePlanDialog, RejectPlanDialog } from './dialogs'
import { Item, nameOf } from './item'
import { verdicts, type PlanSearch } from './search'
import { Unclustered } from './unclustered'

export type Review = NonNullable<PlanQuery['workflow']>
export type Plan = NonNullable<Review['articlePlan']>

export function PlanPage() {
  const { id } = useParams({ from: '/workflows/$id/plan' })
  const actors = useMay()('ACTORS')
  const read = useRead(PlanDocument, { id, actors })
  useLive(LiveWorkflowDocument, { id, actors }, ({ workflowTransitioned: event }) => {
    if (event.resync || event.workflow?.version !== read.data?.workflow?.version) read.again()
  })
  useWhenChanged(useStore(connections), read.again)
  useEffect(() => { // Another person may have decided while this page was out of sight.
    window.addEventListener('focus', read.again)
    return () => window.removeEventListener('focus', read.again)
  }, [read.again])
  return (
    <Loaded read={read} rows={10}>
      {({ workflow }) => (workflow
        ? <Shown review={workflow} again={read.again} />
        : <Absent what="workflow" />)}
    </Loaded>
  )
}

function Shown({ review, again }: { review: Review; again: () => void }) {
  const closed = useClosed(review)
  const decide = useDecidePlan(review, again)
  return (
    <>
      <p className="crumbs">
        <Link to="/workflows">Workflows</Link> / <Link to="/workflows/$id" params={{ id: review.id }}>{review.name}</Link> /
      </p>
      <PageTitle title="Article plan" />
      {review.articlePlan
        ? (
          <>
            <Decision review={review} plan={review.articlePlan} closed={closed} again={again} />
            <Items review={review} plan={review.articlePlan} closed={closed} decide={decide} />
            <Unclustered review={review} plan={review.articlePlan} closed={closed} again={again} />
          </>
        )
        : <Empty title="There is no plan yet"><p>The plan appears here when cluster validation has ended.</p></Empty>}
    </>
  )
}

/** Why nothing can be decided now; null when it can. */
function useClosed(review: Review): string | null {
  const { role } = useViewer()
  const may = useMay()
  if (!may('OPERATE')) return denied(role, 'OPERATE')
  if (review.state !== 'VALIDATION_COMPLETED') return 'The workflow does not wait for this review now.'
  return null
}

export type Decide = ReturnType<typeof useDecidePlan>

type Which = { items: ArticlePlanItemInput[] } | { where: ArticlePlanFilter; choice: PlanChoice; reason?: string | null }

function useDecidePlan(review: Review, again: () => void) {
  const act = useAct(DecideArticlePlansDocument)
  const actors = useActors()
  const run = async (which: Which) => {
    const outcome = await act.run({ actors, input: { workflowId: review.id, idempotencyKey: newKey(), ...which } })
    if (outcome.payload?.selection) say(`${plural(outcome.payload.affected, 'article')} changed. ${outcome.payload.selection.count} approved.`)
    again()
    return outcome
  }
  const refused = act.last && (act.last.problem || act.last.userErrors.length > 0) ? act.last : null
  return { run, isBusy: act.isBusy, refused }
}

type DecisionProps = { review: Review; plan: Plan; closed: string | null; again: () => void }

function Decision({ review, plan, closed, again }: DecisionProps) {
  const [open, setOpen] = useState<'approve' | 'reject' | null>(null)
  const { approved } = plan
  const count = approved < 1 ? 'Approve at least one article.' : approved > 50 ? 'At most 50 articles.' : null
  const gate = review.gates.find((one) => one.key === 'PLAN')
  const last = gate?.decisions?.[0]
  const close = () => { setOpen(null); again() }
  return (
    <section className="card decision" aria-label="Decision">
      <p className="decision-count"><strong>{approved}</strong> of {plan.items.length} approved, {plan.rejected} rejected</p>
      <Forecast forecast={plan.forecast} />
      <p className="sub">{money(review.spend.settled)} of {money(review.spend.limit)} is spent, {money(review.spend.remaining)} remains.
        {gate?.fourEyes && ' Another person than the one who prepared the plan must approve it.'}</p>
      <div className="buttons">
        <Button kind="primary" reason={closed ?? count} onClick={() => setOpen('approve')}>Write {plural(approved, 'article')}</Button>
        <Button reason={closed} onClick={() => setOpen('reject')}>Send back</Button>
      </div>
      {last && <p className="sub">Last decision: {words(last.verdict)} by {last.decidedBy}{last.feedback ? `: “${last.feedback}”` : '.'}</p>}
      {open === 'approve' && <ApprovePlanDialog review={review} plan={plan} onClose={close} again={again} />}
      {open === 'reject' && <RejectPlanDialog review={review} onClose={close} />}
    </section>
  )
}

type ItemsProps = { review: Review; plan: Plan; closed: string | null; decide: Decide }

function Items({ plan, closed, decide }: ItemsProps) {
  const { verdict } = useSearch({ from: '/workflows/$id/plan' })
  const navigate = useNavigate({ from: '/workflows/$id/plan' })
  const shown = plan.items.filter((item) => !verdict || item.verdict === verdict)
  const where: ArticlePlanFilter = verdict ? { verdicts: [verdict] } : { verdicts: ['VALID', 'WEAK'] }
  const none = shown.length === 0 ? 'The filter chooses no article.' : verdict === 'INVALID' ? 'An invalid article is approved alone, with a reason.' : null
  const set = (search: PlanSearch) => navigate({ resetScroll: false, search })
  const names = useMemo(() => new Map(plan.items.map((item) => [item.id, nameOf(item)])), [plan.items])
  const topics = [...new Map(shown.map((item) => [item.topic?.id ?? '', item.topic?.label ?? 'Pages that people made'])).entries()]
  return (
    <>
      <div className="chips" role="group" aria-label="Verdict">
        {[undefined, ...verdicts].map((one) => (
          <button key={one ?? 'all'} type="button" className="chip" aria-pressed={verdict === one} onClick={() => set({ verdict: one })}>
            {one ? words(one) : 'All'} <span className="count">{plan.items.filter((item) => !one || item.verdict === one).length}</span>
          </button>
        ))}
      </div>
      <div className="bulk">
        <Button reason={closed ?? none} isBusy={decide.isBusy} onClick={() => void decide.run({ where, choice: 'APPROVED' })}>Approve {verdict ? `all ${words(verdict).toLowerCase()}` : 'all valid and weak'}</Button>
        <Button reason={closed ?? none} isBusy={decide.isBusy} onClick={() => void decide.run({ where, choice: 'REJECTED' })}>Reject them</Button>
        <Button reason={closed ?? none} isBusy={decide.isBusy} onClick={() => void decide.run({ where, choice: 'CLEARED' })}>Clear them</Button>
      </div>
      {decide.refused && <Refusal outcome={decide.refused} />}
      {shown.length === 0 && <Empty title="No article has this verdict" />}
      {topics.map(([id, label]) => (
        <section key={id} aria-label={label} className="topic">
          <h2>{label}</h2>
          <ul className="feed">
            {shown.filter((item) => (item.topic?.id ?? '') === id).map((item) => <Item key={item.id} item={item} names={names} closed={closed} decide={decide} />)}
          </ul>
        </section>
      ))}
    </>
  )
}
