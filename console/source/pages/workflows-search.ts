// The filter, order and page of the list, as the address has them.
import type { StepKey, WorkflowFilter, WorkflowOrder, WorkflowStatus } from '../gql/graphql'
import { statuses } from '../ui/badge'
import { instantOf } from '../ui/format'

export const orders = {
  newest: { label: 'Newest first', field: 'CREATED_AT', direction: 'DESC' },
  oldest: { label: 'Oldest first', field: 'CREATED_AT', direction: 'ASC' },
  moved: { label: 'Last moved first', field: 'UPDATED_AT', direction: 'DESC' },
  stuck: { label: 'Longest still first', field: 'UPDATED_AT', direction: 'ASC' },
  dearest: { label: 'Most spent first', field: 'SPEND', direction: 'DESC' },
  name: { label: 'By name', field: 'NAME', direction: 'ASC' },
} as const
export type OrderName = keyof typeof orders

export const steps: { key: StepKey; label: string }[] = [
  { key: 'ICP', label: '1 ICP generation' }, { key: 'COMPETITOR', label: '2 Competitor analysis' },
  { key: 'SEED_REVIEW', label: '3 Seed review' }, { key: 'CLUSTERING', label: '4 Topic clustering' },
  { key: 'VALIDATION', label: '5 Cluster validation' }, { key: 'ARTICLE', label: '6 Article generation' },
  { key: 'PUBLISH', label: '7 Publishing' },
]

/** How long a workflow has not moved, in hours. */
export const stills = { hour: { label: '1 hour', hours: 1 }, day: { label: '1 day', hours: 24 }, week: { label: '7 days', hours: 168 } } as const
export type Still = keyof typeof stills

export type Search = {
  status?: WorkflowStatus
  step?: StepKey
  text?: string
  creator?: string
  still?: Still
  from?: string
  to?: string
  order?: OrderName
  after?: string
}

const textIn = (value: unknown, most = 200) => {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
  return text.trim() === '' ? undefined : text.slice(0, most)
}
const oneOf = <T extends string>(value: unknown, allowed: readonly T[]) => allowed.find((one) => one === value)
const dayText = (value: unknown) => (/^\d{4}-\d{2}-\d{2}$/.test(String(value)) ? String(value) : undefined)

/** Reads the search part of an address. What it does not understand counts as absent. */
export function readSearch(raw: Record<string, unknown>): Search {
  return {
    status: oneOf(raw.status, statuses),
    step: oneOf(raw.step, steps.map((step) => step.key)),
    text: textIn(raw.text),
    creator: textIn(raw.creator),
    still: oneOf(raw.still, Object.keys(stills) as Still[]),
    from: dayText(raw.from),
    to: dayText(raw.to),
    order: oneOf(raw.order, Object.keys(orders) as OrderName[]),
    after: textIn(raw.after, 1000),
  }
}

/** The moment at which a day begins in a time zone. */
export const dayStart = (day: string, timeZone: string) => instantOf(`${day}T00:00`, timeZone)

const nextDay = (day: string) => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)

export function filterOf(search: Search, timeZone: string, mayNames: boolean, now = Date.now()): WorkflowFilter {
  return {
    ...(search.status && { statuses: [search.status] }),
    ...(search.step && { steps: [search.step] }),
    ...(search.text && { nameContains: search.text }),
    ...(search.creator && mayNames && { createdBy: search.creator }),
    ...(search.still && { updatedBefore: new Date(now - stills[search.still].hours * 3_600_000).toISOString() }),
    ...(search.from && { createdFrom: dayStart(search.from, timeZone) }),
    ...(search.to && { createdTo: dayStart(nextDay(search.to), timeZone) }),
  }
}

export function orderOf(search: Search): WorkflowOrder {
  const { field, direction } = orders[search.order ?? 'newest']
  return { field, direction }
}

export const hasFilter = ({ status, step, text, creator, still, from, to }: Search) =>
  [status, step, text, creator, still, from, to].some((value) => value !== undefined)
