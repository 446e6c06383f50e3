// One article of the plan.
import { useState } from 'react'
import type { PlanItemFragment, PlanChoice, PlanVerdict } from '../../gql/graphql'
import { Button, Synthetic } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { figure, words } from '../../ui/format'
import { reasonsOf } from './reason'
import { BriefDialog, OverruleDialog } from './dialogs'
import type { Decide } from './page'

const tones: Record<PlanVerdict, { tone: string; sign: string }> = {
  VALID: { tone: 'good', sign: '✓' }, WEAK: { tone: 'warn', sign: '~' }, INVALID: { tone: 'bad', sign: '✕' },
}

type ItemProps = { item: PlanItemFragment; names: ReadonlyMap<string, string>; closed: string | null; decide: Decide }

/** The name of an article of the plan. */
export const nameOf = (item: PlanItemFragment) => item.brief?.title ?? item.page.primaryKeyword.text

export function Item({ item, names, closed, decide }: ItemProps) {
  const [open, setOpen] = useState<'brief' | 'overrule' | null>(null)
  const { tone, sign } = tones[item.verdict]
  const name = nameOf(item)
  const choose = (choice: PlanChoice) => {
    if (choice === 'APPROVED' && item.verdict === 'INVALID' && item.choice !== 'APPROVED') setOpen('overrule')
    else void decide.run({ items: [{ articleId: item.id, expectedRevision: item.revision, choice: item.choice === choice ? 'CLEARED' : choice }] })
  }
  const noBrief = item.brief ? null : 'Write the brief first.'
  const button = (choice: PlanChoice, label: string, reason: string | null) => (
    <Button className="choice" aria-pressed={item.choice === choice} aria-label={`${label}: ${name}`} reason={reason} onClick={() => choose(choice)}>{label}</Button>
  )
  return (
    <li className="card" data-row={item.id}>
      <p>
        <Badge tone={tone}>{`${sign} ${words(item.verdict)}`}</Badge> {item.page.isHub && <Badge tone="active">hub</Badge>} <strong>{name}</strong>{' '}
        {item.isSynthetic && <Synthetic />} {item.choice && <Badge tone={item.choice === 'APPROVED' ? 'good' : 'neutral'}>{words(item.choice)}</Badge>}
      </p>
      {item.brief && <p className="sub">{item.brief.angle}</p>}
      <p className="sub">
        {item.page.keywords.map((one) => one.text).join(', ')}
        {item.brief && ` · ${words(item.brief.intent)} · ${item.brief.format} · ${figure(item.brief.targetWords)} words`}
        {item.revision > 0 && ` · revision ${item.revision} by ${item.author === 'PERSON' ? item.actor ?? 'a person' : 'the engine'}`}
      </p>
      {item.reasons.length > 0 && <ul className="bullets">{reasonsOf(item.reasons, names).map((reason) => <li key={reason}>{reason}</li>)}</ul>}
      {item.decidedBy && <p className="sub">Decided by {item.decidedBy}{item.isCarried ? ', carried over' : ''}{item.reason ? `: “${item.reason}”` : ''}</p>}
      {item.brief && <BriefDetails brief={item.brief} />}
      <div className="buttons">
        {button('APPROVED', 'Approve', closed ?? noBrief)}{button('REJECTED', 'Reject', closed)}
        <Button reason={closed} aria-label={`Edit the brief: ${name}`} onClick={() => setOpen('brief')}>Edit the brief</Button>
      </div>
      {open === 'brief' && <BriefDialog item={item} decide={decide} onClose={() => setOpen(null)} />}
      {open === 'overrule' && <OverruleDialog item={item} names={names} decide={decide} onClose={() => setOpen(null)} />}
    </li>
  )
}

function BriefDetails({ brief }: { brief: NonNullable<PlanItemFragment['brief']> }) {
  const list = (title: string, items: string[]) => items.length > 0 && (
    <div><h3>{title}</h3><ul className="bullets">{items.map((one) => <li key={one}>{one}</li>)}</ul></div>
  )
  return (
    <details>
      <summary>The brief</summary>
      <div className="columns">
        {list('Questions', brief.questions)}{list('Further keywords', brief.secondaryKeywords)}{list('Leaves out', brief.mustAvoid)}
      </div>
    </details>
  )
}
