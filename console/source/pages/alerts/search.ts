import type { AlertKind } from '../../gql/graphql'

export const alertKinds: AlertKind[] = [
  'THRESHOLD', 'OVERAGE', 'MODEL_DRIFT', 'OUTCOME_UNKNOWN', 'PRICE_QUARANTINED', 'RECONCILIATION_DIFFERENCE',
]
export type AlertSearch = { kind?: AlertKind; unread?: true; after?: string }

export function readAlertSearch(raw: Record<string, unknown>): AlertSearch {
  return {
    kind: alertKinds.find((kind) => kind === raw.kind),
    unread: raw.unread === true ? true : undefined,
    after: typeof raw.after === 'string' ? raw.after.slice(0, 1000) : undefined,
  }
}
