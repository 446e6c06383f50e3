// The state of a unit as a sign and a word.
import type { UnitState } from '../../gql/graphql'
import { Badge } from '../../ui/badge'
import { words } from '../../ui/format'

const signs: Record<UnitState, { sign: string; tone: string }> = {
  PENDING: { sign: '◔', tone: 'neutral' }, RUNNING: { sign: '◑', tone: 'active' }, DONE: { sign: '✓', tone: 'good' },
  FAILED: { sign: '✕', tone: 'bad' }, SKIPPED: { sign: '⊘', tone: 'neutral' },
}

export function UnitBadge({ state }: { state: UnitState }) {
  const { sign, tone } = signs[state]
  return <Badge tone={tone}>{`${sign} ${words(state)}`}</Badge>
}
