// The state machine, with the workflows in each state now.
import { Link } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useRead } from '../../api/client'
import { recent } from '../../api/events'
import { useStore, useWhenChanged } from '../../api/store'
import { useViewer } from '../../api/viewer'
import { GraphDocument, type GraphQuery, type WorkflowStatus } from '../../gql/graphql'
import { Loaded, PageTitle } from '../../ui/basic'
import { dateIn, plural, span, words } from '../../ui/format'
import { plusDays } from '../spend/search'
import { cellWidth, columnsOf, edgesOf, height, left, place, width, type Cell } from './layout'

type Numbers = { count: number; medianSeconds?: number | null }

/** The number of workflows in each state, and the median time that the last year's were in it. */
function numbersOf({ funnel, workflowCounts }: GraphQuery['viewer']['organization']): Map<string, Numbers> {
  const medians = new Map(funnel.states.map((one) => [one.state, one.medianSeconds]))
  return new Map(workflowCounts.states.map(({ state, count }) => [state, { count, medianSeconds: medians.get(state) }]))
}

export function GraphPage() {
  const { organization } = useViewer()
  const [today] = useState(() => dateIn(new Date(), organization.timeZone))
  const read = useRead(GraphDocument, { range: { from: plusDays(today, -364), to: plusDays(today, 1) } })
  useWhenChanged(useStore(recent)[0]?.number, read.again, 1000)
  return (
    <>
      <PageTitle title="Graph" />
      <p className="sub">All workflows by their state now, with the median time in the state of those that were created in the last 365 days. A state opens the list.</p>
      <Loaded read={read} rows={6}>
        {({ workflowGraph, viewer }) => <Picture graph={workflowGraph} numbers={numbersOf(viewer.organization)} />}
      </Loaded>
    </>
  )
}

const legend = [['advance', 'goes on'], ['fail', 'fails'], ['retry', 'is tried again']] as const

function Picture({ graph, numbers }: { graph: GraphQuery['workflowGraph']; numbers: Map<string, Numbers> }) {
  const cells = useMemo(() => columnsOf(graph), [graph])
  return (
    <>
      <div className="table-box graph-box" tabIndex={0} role="region" aria-label="State machine">
        <div className="graph" style={{ width, height }}>
          <svg width={width} height={height} aria-hidden="true" className="graph-lines">
            {edgesOf(graph, cells).map((edge) => <path key={edge.key} d={edge.path} className={`edge ${edge.kind}`} />)}
          </svg>
          {graph.steps.map((step) => (
            <section key={step.key} className="graph-column" aria-labelledby={`step-${step.key}`}>
              <h2 id={`step-${step.key}`} className="graph-step" style={{ left: left(step.number - 1), width: cellWidth }}>{step.number} {step.label}</h2>
              <ol>
                {cells.filter((cell) => cell.column === step.number - 1)
                  .map((cell) => <Node key={cell.state} cell={cell} numbers={numbers.get(cell.state)} />)}
              </ol>
            </section>
          ))}
        </div>
      </div>
      <p className="graph-legend sub" aria-hidden="true">
        {legend.map(([kind, label]) => (
          <span key={kind}><svg width="32" height="8"><path d="M0 4 L32 4" className={`edge ${kind}`} /></svg> {label}</span>
        ))}
      </p>
    </>
  )
}

/** The filter of the list that a state stands for. */
function searchOf(cell: Cell): { status: WorkflowStatus; step?: never } | { status: WorkflowStatus; step: NonNullable<Cell['step']> } {
  return cell.step && cell.state !== 'CREATED' && cell.state !== 'COMPLETED'
    ? { status: cell.status, step: cell.step } : { status: cell.status }
}

/** The name of a state without that of its step, which is on top of the column. */
const shortName = ({ state, step, status }: Cell) =>
  (step && state.startsWith(step) ? words(state.slice(step.length + 1)) : state === 'COMPLETED' ? 'All completed' : words(status))

function Node({ cell, numbers }: { cell: Cell; numbers?: Numbers }) {
  const { x, y } = place(cell)
  const open = numbers?.count ?? 0
  return (
    <li style={{ left: x, top: y }} className={`node ${open > 0 ? 'busy' : ''}`}>
      <Link to="/workflows" search={searchOf(cell)}>
        <span className="node-name"><span className="hidden">{words(cell.state)}</span><span aria-hidden="true">{shortName(cell)}</span></span>
        <span className="sub" title={plural(open, 'workflow')}><strong>{open}</strong>{numbers?.medianSeconds != null && ` · ${span(numbers.medianSeconds * 1000)}`}</span>
      </Link>
    </li>
  )
}

