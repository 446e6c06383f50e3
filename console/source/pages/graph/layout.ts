// Where each state of the graph stands: a column for each step, a row for each kind of state.
import type { GraphQuery, StepKey, WorkflowState, WorkflowStatus } from '../../gql/graphql'

export type Cell = { state: WorkflowState; status: WorkflowStatus; step: StepKey | null; column: number; row: number }

export const cellWidth = 122
const [cellHeight, gapX, gapY, top, margin] = [54, 22, 26, 44, 8]
export const width = 7 * (cellWidth + gapX) + 2 * margin + 6 // with the way back of the last column
export const height = 6 * (cellHeight + gapY) + top

/** The left side of a column. */
export const left = (column: number) => margin + column * (cellWidth + gapX)

const rows: Partial<Record<WorkflowStatus, number>> = {
  CREATED: 0, PENDING: 1, AWAITING_REVIEW: 1, PROCESSING: 2, STEP_COMPLETED: 3, FAILED: 4, COMPLETED: 5, CANCELLED: 5,
}

export function columnsOf(graph: GraphQuery['workflowGraph']): Cell[] {
  return graph.states.map(({ key, status, step }) => ({
    state: key, status, step: step?.key ?? null, row: rows[status] ?? 0, column: key === 'CANCELLED' ? 0 : (step?.number ?? 1) - 1,
  }))
}

export function place({ column, row }: { column: number; row: number }): { x: number; y: number } {
  return { x: left(column), y: top + row * (cellHeight + gapY) }
}

/** The edges along which the work continues, fails and runs again. Every state may be cancelled, and work be sent back. */
export function edgesOf(graph: GraphQuery['workflowGraph'], cells: Cell[]) {
  const at = new Map(cells.map((cell) => [cell.state, cell]))
  return graph.edges.filter((edge) => edge.kind === 'ADVANCE' || edge.kind === 'FAIL' || edge.kind === 'RETRY').flatMap((edge) => {
    const [from, to] = [at.get(edge.from), at.get(edge.to)]
    if (!from || !to) return []
    return [{ key: `${edge.from} ${edge.to}`, kind: edge.kind.toLowerCase(), path: pathOf(from, to, edge.kind) }]
  })
}

function pathOf(from: Cell, to: Cell, kind: string): string {
  const [a, b] = [place(from), place(to)]
  if (from.column !== to.column) { // To the next step: out of the right side, into the left side.
    const [x1, y1, x2, y2] = [a.x + cellWidth, a.y + cellHeight / 2, b.x, b.y + cellHeight / 2]
    return `M${x1} ${y1} C${x1 + gapX} ${y1}, ${x2 - gapX} ${y2}, ${x2} ${y2}`
  }
  if (kind === 'RETRY' || kind === 'FAIL') { // Around the completed state, one beside the other.
    const [y1, y2, bend] = [a.y + cellHeight / 2, b.y + cellHeight / 2, kind === 'FAIL' ? 12 : 20]
    return `M${a.x + cellWidth} ${y1} C${a.x + cellWidth + bend} ${y1}, ${a.x + cellWidth + bend} ${y2}, ${a.x + cellWidth} ${y2}`
  }
  if (to.row - from.row > 1 && to.status === 'COMPLETED') { // Around the failed state, on its other side.
    const [y1, y2] = [a.y + cellHeight / 2, b.y + cellHeight / 2]
    return `M${a.x} ${y1} C${a.x - 16} ${y1}, ${a.x - 16} ${y2}, ${b.x} ${y2}`
  }
  const x = a.x + cellWidth / 2
  return `M${x} ${a.y + cellHeight} L${x} ${b.y}`
}
