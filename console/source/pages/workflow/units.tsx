// The parts of a long step, such as one for each article, as they work.
import { useLive, useRead } from '../../api/client'
import { useWhenChanged } from '../../api/store'
import { LiveUnitsDocument, UnitsDocument, type UnitRowFragment } from '../../gql/graphql'
import { Ago, Countdown } from '../../ui/basic'
import { plural, words } from '../../ui/format'
import { UnitBadge } from '../articles/unit'

export function Units({ id, changes }: { id: string; changes: number }) {
  const read = useRead(UnitsDocument, { id, first: 100 })
  useWhenChanged(changes, read.again)
  const { nodes: units = [], totalCount = 0 } = read.data?.workflow?.units ?? {}
  // An event writes its unit into the cache; only a new one needs the list again.
  useLive(LiveUnitsDocument, { id }, ({ unitChanged: { unit } }) => { if (!units.some((one) => one.id === unit.id)) read.again() })
  if (units.length === 0) return null
  const done = units.filter((unit) => unit.state === 'DONE').length
  return (
    <section className="card" aria-label="Units">
      <h2>{words(units[0]!.step)}: {done} of {plural(units.length, 'unit')} done</h2>
      {totalCount > units.length && <p className="hint">These are the first {units.length} of {plural(totalCount, 'unit')}.</p>}
      <ul className="units">{units.map((unit) => <Unit key={unit.id} unit={unit} />)}</ul>
    </section>
  )
}

function Unit({ unit }: { unit: UnitRowFragment }) {
  return (
    <li data-row={unit.id}>
      <span className="figure faint">{unit.position}</span> <strong>{unit.label}</strong> <UnitBadge state={unit.state} />{' '}
      {unit.of > 0 && <progress className="progress inline" max={unit.of} value={unit.done} aria-label={`Parts of ${unit.label}`} />}
      <span className="sub">
        for <Ago at={unit.since} />{unit.attempt > 1 ? ` · attempt ${unit.attempt}` : ''}
        {unit.failure && ` · ${words(unit.failure)}${unit.message ? `: ${unit.message}` : ''}`}
        {unit.nextRetryAt && <> · again in <Countdown to={unit.nextRetryAt} /></>}
      </span>
    </li>
  )
}
