import type { PlanVerdict } from '../../gql/graphql'

export const verdicts: PlanVerdict[] = ['VALID', 'WEAK', 'INVALID']
export type PlanSearch = { verdict?: PlanVerdict }

export function readPlanSearch(raw: Record<string, unknown>): PlanSearch {
  return { verdict: verdicts.find((one) => one === raw.verdict) }
}
