// Which workflows a bulk action can change, and why not the others. The server decides; this is the dry run.
import type { WorkflowRowFragment } from '../gql/graphql'
import { statusLabel } from '../ui/badge'

export type BulkAction = 'cancel' | 'retry' | 'start'

export const bulkActions: Record<BulkAction, { label: string; verb: string; done: string }> = {
  cancel: { label: 'Cancel…', verb: 'Cancel', done: 'cancelled' },
  retry: { label: 'Retry…', verb: 'Retry', done: 'retried' },
  start: { label: 'Start next step…', verb: 'Start the next step of', done: 'started' },
}

type Row = Pick<WorkflowRowFragment, 'id' | 'name' | 'status' | 'isTerminal'>

/** Why the action cannot change the workflow; null when it can. */
export function whyNot(action: BulkAction, row: Row): string | null {
  const now = `It is ${statusLabel(row.status).toLowerCase()}.`
  switch (action) {
    case 'cancel': return row.isTerminal ? now : null
    case 'retry': return row.status === 'FAILED' ? null : now
    case 'start': return row.status === 'CREATED' || row.status === 'STEP_COMPLETED' ? null : now
  }
}

/** The workflows that can, and the numbers of those that cannot, by reason. */
export function dryRun<R extends Row>(action: BulkAction, rows: R[]): { can: R[]; cannot: [string, number][] } {
  const cannot = new Map<string, number>()
  const can = rows.filter((row) => {
    const why = whyNot(action, row)
    if (why !== null) cannot.set(why, (cannot.get(why) ?? 0) + 1)
    return why === null
  })
  return { can, cannot: [...cannot.entries()] }
}

/** Runs a task for each item, at most `width` at once, until `isOver`. */
export async function inTurn<T>(items: T[], width: number, isOver: () => boolean, task: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < items.length && !isOver()) await task(items[next++]!)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
}
