import type { BatchOutcome } from '../../gql/graphql'

const outcomes: BatchOutcome[] = ['DONE', 'REFUSED']

export function readBatchSearch(raw: Record<string, unknown>): { outcome?: BatchOutcome; after?: string } {
  return {
    outcome: outcomes.find((one) => one === raw.outcome),
    after: typeof raw.after === 'string' ? raw.after.slice(0, 1000) : undefined,
  }
}
