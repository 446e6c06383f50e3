// The changes that a batch can make, in words.
import type { BatchKind } from '../gql/graphql'

export type BulkAction = 'cancel' | 'retry' | 'start' | 'limit'

export const bulkActions: Record<BulkAction, { label: string; verb: string; done: string; needs: 'OPERATE' | 'LIMITS'; hasReason: boolean }> = {
  cancel: { label: 'Cancel…', verb: 'Cancel', done: 'cancelled', needs: 'OPERATE', hasReason: true },
  retry: { label: 'Retry…', verb: 'Retry', done: 'retried', needs: 'OPERATE', hasReason: false },
  start: { label: 'Start next step…', verb: 'Start the next step of', done: 'started', needs: 'OPERATE', hasReason: false },
  limit: { label: 'Set limit…', verb: 'Set the limit of', done: 'changed', needs: 'LIMITS', hasReason: true },
}

export const actionOf: Record<BatchKind, BulkAction> = { CANCEL: 'cancel', RETRY: 'retry', START: 'start', LIMIT: 'limit' }
