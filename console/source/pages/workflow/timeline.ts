// The seven steps of a workflow as its journal tells them. Pure: journal in, steps out.
import type { StepKey, WorkflowState, WorkflowStatus } from '../../gql/graphql'

export type StepDescription = { number: number; key: StepKey; label: string; kind: string; states: WorkflowState[] }
export type Move = { from?: WorkflowState | null; to: WorkflowState; kind: string; occurredAt: string }

export type StepStage = 'done' | 'current' | 'failed' | 'review' | 'ahead' | 'cancelled'

export type TimelineStep = StepDescription & {
  stage: StepStage
  /** When its last visit began and ended. */
  begunAt: string | null
  doneAt: string | null
  /** The runs of its last visit. */
  runs: number
  /** The visits that a reset made outdated. */
  superseded: number
}

export function timelineOf(
  steps: StepDescription[], moves: Move[], current: { state: WorkflowState; status: WorkflowStatus },
): TimelineStep[] {
  return steps.map((step) => {
    const own = new Set(step.states)
    let [begunAt, doneAt]: [string | null, string | null] = [null, null]
    let [runs, visits] = [0, 0]
    for (const move of moves) {
      if (move.kind === 'RESET' && stepAt(steps, move.to) <= step.number) [begunAt, doneAt, runs] = [null, null, 0]
      if (!own.has(move.to)) continue
      if (move.to.endsWith('_PENDING')) {
        visits += 1
        begunAt = move.occurredAt
        doneAt = null
        runs = 0
      }
      if (move.to.endsWith('_PROCESSING')) runs += 1
      if (move.to.endsWith('_COMPLETED')) doneAt = move.occurredAt
    }
    return {
      ...step, begunAt, doneAt, runs, superseded: Math.max(0, visits - (begunAt ? 1 : 0)),
      stage: stageOf(own, doneAt, begunAt, current),
    }
  })
}

const stepAt = (steps: StepDescription[], state: WorkflowState) =>
  steps.find((step) => step.states.includes(state))?.number ?? 0

function stageOf(
  own: Set<WorkflowState>, doneAt: string | null, begunAt: string | null,
  { state, status }: { state: WorkflowState; status: WorkflowStatus },
): StepStage {
  if (doneAt) return 'done'
  if (own.has(state)) return status === 'FAILED' ? 'failed' : status === 'AWAITING_REVIEW' ? 'review' : 'current'
  return begunAt && status === 'CANCELLED' ? 'cancelled' : 'ahead'
}
