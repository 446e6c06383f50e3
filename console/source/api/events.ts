// The transitions of the organization as they happen, for lists that wait to be read again.
import { createStore } from './store'

export type Seen = { number: number; workflowId: string; from: string | null; to: string; actor: string | null; at: string }

/** The number of notices that events were left out: a list that was read before it may be out of date. */
export const resyncs = createStore(0)
/** The latest transitions, newest first. */
export const recent = createStore<Seen[]>([])

const kept = 200

let count = 0

/** The number of the latest transition. */
export const lastNumber = () => recent.get()[0]?.number ?? 0

export function addSeen(event: Omit<Seen, 'number'>) {
  count += 1
  recent.set([{ number: count, ...event }, ...recent.get()].slice(0, kept))
}
