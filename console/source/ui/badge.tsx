// The status of a workflow as a sign and a word: the color alone says nothing.
import type { WorkflowStatus } from '../gql/graphql'
import { words } from './format'

export const statuses: WorkflowStatus[] = [
  'CREATED', 'PENDING', 'PROCESSING', 'AWAITING_REVIEW', 'STEP_COMPLETED', 'FAILED', 'COMPLETED', 'CANCELLED',
]

const signs: Record<WorkflowStatus, { sign: string; tone: string; label: string }> = {
  CREATED: { sign: '○', tone: 'neutral', label: 'Created' },
  PENDING: { sign: '◔', tone: 'neutral', label: 'Pending' },
  PROCESSING: { sign: '◑', tone: 'active', label: 'Processing' },
  AWAITING_REVIEW: { sign: '◉', tone: 'warn', label: 'Awaiting review' },
  STEP_COMPLETED: { sign: '◕', tone: 'neutral', label: 'Step completed' },
  FAILED: { sign: '✕', tone: 'bad', label: 'Failed' },
  COMPLETED: { sign: '✓', tone: 'good', label: 'Completed' },
  CANCELLED: { sign: '⊘', tone: 'neutral', label: 'Cancelled' },
}

export const statusLabel = (status: WorkflowStatus) => signs[status].label

export function StatusBadge({ status }: { status: WorkflowStatus }) {
  const { sign, tone, label } = signs[status] ?? { sign: '·', tone: 'neutral', label: words(status) }
  return <span className={`badge ${tone}`}><span aria-hidden="true">{sign}</span> {label}</span>
}

export function Badge({ tone = 'neutral', children }: { tone?: string; children: string }) {
  return <span className={`badge ${tone}`}>{children}</span>
}
