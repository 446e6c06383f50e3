// Spent and held money against a limit, with the shares that cause an alert.
import { money, share } from './format'

type GaugeProps = {
  settled: string; held: string; limit: string | null | undefined
  /** The share of the limit that is expected at the end. */
  mark?: number
  /** The shares, in percent, that are marked. */
  thresholds?: readonly number[]
}

/** The shares of a limit that cause an alert, in percent. All of it is the end of the picture. */
export const alertThresholds = [50, 75, 90] as const

export function Gauge({ settled, held, limit, mark, thresholds = [] }: GaugeProps) {
  const [spent, reserved] = [share(settled, limit), share(held, limit)]
  const shown = limit === null || limit === undefined ? [] : thresholds
  const marks = shown.length > 0 ? `, marks at ${shown.join(', ')} %` : ''
  const label = `${money(settled)} spent, ${money(held)} held, limit ${money(limit)}${marks}`
  return (
    <svg className="gauge" role="img" aria-label={label} viewBox="0 0 100 4" preserveAspectRatio="none">
      <rect className="gauge-back" width="100" height="4" />
      {mark !== undefined && <rect className="gauge-mark" width={100 * mark} height="4" />}
      <rect className="gauge-spent" width={100 * spent} height="4" />
      <rect className="gauge-held" x={100 * spent} width={100 * Math.min(reserved, 1 - spent)} height="4" />
      {shown.map((percent) => <rect key={percent} className="gauge-threshold" x={percent - 0.15} width="0.3" height="4" />)}
    </svg>
  )
}
