// The days and the grouping of the spend page, as the address has them.
import type { CallState } from '../../gql/graphql'

export const callStates: CallState[] = ['RESERVED', 'DISPATCHED', 'UNKNOWN', 'SETTLED', 'RELEASED', 'ASSUMED']
export const ranges = { month: 'This month', last30: 'Last 30 days', last90: 'Last 90 days', year: 'Last 365 days' } as const
export type RangeName = keyof typeof ranges
export const dimensions = ['MODEL', 'PROVIDER', 'STEP', 'WORKFLOW', 'OUTCOME', 'ACTOR', 'API_KEY'] as const
export const views = ['overview', 'months', 'ledger', 'calls'] as const
export type View = (typeof views)[number]
export type Dimension = (typeof dimensions)[number]

export type SpendSearch = { range?: RangeName; by?: Dimension; view?: View; state?: CallState; after?: string }

export function readSpendSearch(raw: Record<string, unknown>): SpendSearch {
  return {
    range: (Object.keys(ranges) as RangeName[]).find((name) => name === raw.range),
    by: dimensions.find((one) => one === raw.by),
    view: views.find((one) => one === raw.view),
    state: callStates.find((one) => one === raw.state),
    after: typeof raw.after === 'string' ? raw.after.slice(0, 1000) : undefined,
  }
}

/** The day some days later. */
export const plusDays = (day: string, count: number) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10)

/** The days of a range that ends today. The last one is not part of it. */
export function rangeOf(name: RangeName, today: string): { from: string; to: string } {
  const to = plusDays(today, 1)
  if (name === 'month') return { from: `${today.slice(0, 8)}01`, to }
  return { from: plusDays(to, name === 'last30' ? -30 : name === 'last90' ? -90 : -365), to }
}

export function daysOf({ from, to }: { from: string; to: string }): string[] {
  const days: string[] = []
  for (let day = from; day < to; day = plusDays(day, 1)) days.push(day)
  return days
}
