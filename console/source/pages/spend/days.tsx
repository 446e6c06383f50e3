// The booked money of each day, as bars, and as a table for people who cannot see them.
import { Money } from '../../ui/basic'
import { dayIn, figure, money } from '../../ui/format'
import { daysOf } from './search'

/** A day of the API, which has no time zone: "2026-11-29" is "29 Nov 2026". */
const dayOf = (day: string) => dayIn(`${day}T12:00:00Z`, 'UTC')

type Day = { day?: string | null; booked: string; calls: number }

export function Days({ groups, range }: { groups: Day[]; range: { from: string; to: string } }) {
  const byDay = new Map(groups.map((group) => [group.day, group]))
  const days = daysOf(range)
  const most = Math.max(...groups.map((group) => Number(group.booked)), 0)
  const top = groups.reduce<Day | null>((best, group) => (Number(group.booked) > Number(best?.booked ?? 0) ? group : best), null)
  return (
    <figure className="card spaced bars">
      <figcaption>Booked by day{top ? `; the most is ${money(top.booked)} on ${dayOf(top.day ?? '')}` : ''}</figcaption>
      <svg viewBox={`0 0 ${days.length * 10} 100`} preserveAspectRatio="none" aria-hidden="true">
        {days.map((day, index) => {
          const height = most > 0 ? (96 * Number(byDay.get(day)?.booked ?? 0)) / most : 0
          if (height === 0) return null
          return (
            <rect key={day} className="bar" x={index * 10 + 1} width={8} y={100 - Math.max(height, 1)} height={Math.max(height, 1)}>
              <title>{`${dayOf(day)}: ${money(byDay.get(day)?.booked ?? '0')}`}</title>
            </rect>
          )
        })}
      </svg>
      <div className="axis" aria-hidden="true"><span>{dayOf(days[0]!)}</span><span>{dayOf(days.at(-1)!)}</span></div>
      <details>
        <summary>As a table</summary>
        <table className="plain-table">
          <thead><tr><th scope="col">Day</th><th scope="col">Calls</th><th scope="col">Booked</th></tr></thead>
          <tbody>
            {[...groups].sort((a, b) => String(a.day).localeCompare(String(b.day))).map((group) => (
              <tr key={group.day}><th scope="row">{dayOf(group.day ?? '')}</th><td className="figure">{figure(group.calls)}</td><td><Money amount={group.booked} /></td></tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  )
}
