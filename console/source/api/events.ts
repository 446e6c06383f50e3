// The transitions of the organization as they happen, for lists that wait to be read again.
import { connections } from './live'
import { createStore, useStore } from './store'

export type Seen = {
  number: number; workflowId: string; version: number; from: string | null; to: string; actor: string | null; at: string
}

/** The number of notices that events were left out: a list that was read before it may be out of date. */
export const resyncs = createStore(0)
/** The latest transitions, newest first. */
export const recent = createStore<Seen[]>([])

/** Whether a newer event of the workflow is there: an answer that was under way during the event is older than it. */
export function isOvertaken(row: { id: string; version: number }, events = recent.get()): boolean {
  const latest = events.find((event) => event.workflowId === row.id)
  return latest !== undefined && row.version < latest.version
}

/** Grows when data may be out of date: after a gap in the events, or a new connection. */
export const useGaps = () => useStore(resyncs) + useStore(connections)

/** The least time between two reads of what waits for a person, in milliseconds. */
export const readsApart = 3000

/** Changes when a list may be out of date: also after each transition. */
export function useNews(): string {
  const gaps = useGaps()
  return `${useStore(recent)[0]?.number ?? 0} ${gaps}`
}

const kept = 200

let count = 0

/** The number of the latest transition. */
export const lastNumber = () => recent.get()[0]?.number ?? 0

export function addSeen(event: Omit<Seen, 'number'>) {
  count += 1
  recent.set([{ number: count, ...event }, ...recent.get()].slice(0, kept))
}
