// What a person can do next with a workflow, and why not. Pure: the server decides, this only explains beforehand.
import type { GateKey, Permission, StepKey, WorkflowState, WorkflowStatus } from '../../gql/graphql'
import { denied } from '../../api/viewer'
import type { StepDescription } from './timeline'

export type Subject = {
  state: WorkflowState
  status: WorkflowStatus
  isTerminal: boolean
  step?: { number: number; key: StepKey; label: string } | null
  nextStates: WorkflowState[]
  gates: { key: GateKey; mode: string; isOpen: boolean }[]
}

export type Action = {
  key: 'start' | 'retry' | 'review' | 'plan' | 'articles' | 'publish' | 'back' | 'cancel' | 'limit'
  label: string
  kind: 'primary' | 'plain' | 'danger'
  reason: string | null
}

const reviews: Record<GateKey, string> = {
  SEEDS: 'Review the keywords', PLAN: 'Review the plan', PUBLISH: 'Review the articles',
}

/** The steps that a person may send the workflow back to. */
export function backSteps(steps: StepDescription[], nextStates: WorkflowState[], current: number): StepDescription[] {
  return steps.filter((step) => step.number <= current && nextStates.includes(`${step.key}_PENDING` as WorkflowState))
}

export function actionsOf(
  workflow: Subject, steps: StepDescription[], role: string, may: (permission: Permission) => boolean,
): Action[] {
  const operate = may('OPERATE') ? null : denied(role, 'OPERATE')
  const actions: Action[] = []
  const gate = workflow.gates.find((one) => one.isOpen && (one.mode !== 'OFF' || workflow.status === 'AWAITING_REVIEW'))
  if (workflow.state === 'ARTICLE_COMPLETED') {
    actions.push({ key: 'publish', label: 'Publish the articles', kind: 'primary', reason: null })
    actions.push({ key: 'articles', label: 'Review the articles', kind: 'plain', reason: null })
  } else if (gate || workflow.status === 'AWAITING_REVIEW') {
    actions.push({
      key: gate?.key === 'PLAN' ? 'plan' : 'review', label: reviews[gate?.key ?? 'SEEDS'], kind: 'primary', reason: null,
    })
  } else if (workflow.status === 'CREATED' || workflow.status === 'STEP_COMPLETED') {
    const number = workflow.status === 'CREATED' ? 1 : (workflow.step?.number ?? 0) + 1
    const next = steps.find((step) => step.number === number)
    actions.push({ key: 'start', label: next ? `Start ${lower(next.label)}` : 'Complete', kind: 'primary', reason: operate })
  } else if (workflow.status === 'FAILED') {
    actions.push({ key: 'retry', label: 'Retry now', kind: 'primary', reason: operate })
  }
  actions.push({ key: 'limit', label: 'Set limit', kind: 'plain', reason: may('LIMITS') ? null : denied(role, 'LIMITS') })
  const back = backSteps(steps, workflow.nextStates, workflow.step?.number ?? 0)
  const closed = workflow.isTerminal ? 'The workflow is over and can never change again.' : null
  const notNow = 'Work can be sent back when a step has failed, is finished, or waits for a review.'
  actions.push({
    key: 'back', label: 'Send back', kind: 'plain', reason: operate ?? closed ?? (back.length === 0 ? notNow : null),
  })
  actions.push({ key: 'cancel', label: 'Cancel workflow', kind: 'danger', reason: operate ?? closed })
  return actions
}

const lower = (label: string) => (/^[A-Z]{2}/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1))
