import { describe, expect, it } from 'vitest'
import type { WorkflowState, WorkflowStatus } from '../../gql/graphql'
import { actionsOf, type Subject } from './actions'
import { timelineOf, type Move, type StepDescription } from './timeline'

const names = ['ICP', 'COMPETITOR', 'SEED_REVIEW'] as const
const steps: StepDescription[] = names.map((key, index) => ({
  number: index + 1, key, label: key, kind: 'AUTOMATIC',
  states: (key === 'SEED_REVIEW' ? ['PENDING', 'COMPLETED'] : ['PENDING', 'PROCESSING', 'COMPLETED', 'FAILED'])
    .map((kind) => `${key}_${kind}` as WorkflowState),
}))

const moves = (...states: string[]): Move[] => states.map((to, index) => ({
  to: to.replace('!', '') as WorkflowState, kind: to.startsWith('!') ? 'RESET' : 'ADVANCE',
  occurredAt: `2026-03-01T00:00:0${index}Z`,
}))

describe('the timeline', () => {
  it('shows done steps with their time, and the current one', () => {
    const [icp, competitor, review] = timelineOf(steps,
      moves('CREATED', 'ICP_PENDING', 'ICP_PROCESSING', 'ICP_FAILED', 'ICP_PROCESSING', 'ICP_COMPLETED', 'COMPETITOR_PENDING'),
      { state: 'COMPETITOR_PENDING', status: 'PENDING' })
    expect(icp).toMatchObject({ stage: 'done', begunAt: '2026-03-01T00:00:01Z', doneAt: '2026-03-01T00:00:05Z', runs: 2 })
    expect(competitor).toMatchObject({ stage: 'current', doneAt: null })
    expect(review).toMatchObject({ stage: 'ahead', begunAt: null })
  })
  it('takes back what a reset has superseded', () => {
    const [icp, competitor, review] = timelineOf(steps,
      moves('ICP_PENDING', 'ICP_COMPLETED', 'COMPETITOR_PENDING', 'COMPETITOR_COMPLETED', 'SEED_REVIEW_PENDING', '!COMPETITOR_PENDING'),
      { state: 'COMPETITOR_PENDING', status: 'PENDING' })
    expect(icp).toMatchObject({ stage: 'done', superseded: 0 })
    expect(competitor).toMatchObject({ stage: 'current', superseded: 1, doneAt: null })
    expect(review).toMatchObject({ stage: 'ahead', superseded: 1 })
  })
})

describe('the next actions', () => {
  const subject = (state: WorkflowState, status: WorkflowStatus, more: Partial<Subject> = {}): Subject => ({
    state, status, isTerminal: false, step: { number: 1, key: 'ICP', label: 'ICP generation' }, nextStates: [], gates: [], ...more,
  })
  const keys = (one: Subject, may = true) => actionsOf(one, steps, 'VIEWER', () => may)
  it('begin the first step, retry a failed one, and lead to a review', () => {
    expect(keys(subject('CREATED', 'CREATED'))[0]).toMatchObject({ key: 'start', label: 'Start ICP', reason: null })
    expect(keys(subject('ICP_FAILED', 'FAILED'))[0]).toMatchObject({ key: 'retry' })
    expect(keys(subject('SEED_REVIEW_PENDING', 'AWAITING_REVIEW'))[0]).toMatchObject({ key: 'review', label: 'Review the keywords' })
    const gates = [{ key: 'PLAN' as const, mode: 'HUMAN', isOpen: true }]
    expect(keys(subject('VALIDATION_COMPLETED', 'STEP_COMPLETED', { gates }))[0]).toMatchObject({ key: 'plan', label: 'Review the plan' })
  })
  it('say why they are disabled: the role, the state', () => {
    const all = keys(subject('ICP_FAILED', 'FAILED'), false)
    expect(all.every((action) => action.reason?.includes('VIEWER'))).toBe(true)
    const over = keys(subject('CANCELLED', 'CANCELLED', { isTerminal: true, step: null }))
    expect(over.find((action) => action.key === 'cancel')?.reason).toContain('over')
    expect(over.some((action) => action.key === 'start')).toBe(false)
  })
  it('send back only where the graph has the edge', () => {
    const failed = subject('ICP_FAILED', 'FAILED')
    expect(keys(failed).find((action) => action.key === 'back')?.reason).toContain('sent back')
    const done = subject('ICP_COMPLETED', 'STEP_COMPLETED', { nextStates: ['COMPETITOR_PENDING', 'ICP_PENDING'] })
    expect(keys(done).find((action) => action.key === 'back')?.reason).toBeNull()
  })
})
