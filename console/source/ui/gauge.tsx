// Spent and held money against a limit.
import { money, share } from './format'

type GaugeProps = { settled: string; held: string; limit: string | null | undefined; mark?: number }

export function Gauge({ settled, held, limit, mark }: GaugeProps) {
  const [spent, reserved] = [share(settled, limit), share(held, limit)]
  const label = `${money(settled)} spent, ${money(held)} held, limit ${money(limit)}`
  return (
    <svg className="gauge" role="img" aria-label={label} viewBox="0 0 100 4" preserveAspectRatio="none">
      <rect className="gauge-back" width="100" height="4" rx="1" />
      {mark !== undefined && <rect className="gauge-mark" width={100 * mark} height="4" rx="1" />}
      <rect className="gauge-spent" width={100 * spent} height="4" rx="1" />
      <rect className="gauge-held" x={100 * spent} width={100 * Math.min(reserved, 1 - spent)} height="4" />
    </svg>
  )
}
