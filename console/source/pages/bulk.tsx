// One action on many workflows: first a dry run, then progress, then a result for each.
import { useEffect, useRef, useState } from 'react'
import { newKey, useAct, useAsk } from '../api/client'
import { useMay } from '../api/viewer'
import { CancelWorkflowDocument, RetryStepDocument, StartStepDocument, WorkflowListDocument, type WorkflowFilter, type WorkflowListQuery, type WorkflowRowFragment } from '../gql/graphql'
import { Skeleton } from '../ui/basic'
import { Dialog } from '../ui/dialog'
import { plural } from '../ui/format'
import { ReasonField } from '../ui/reason'
import { bulkActions, dryRun, inTurn, type BulkAction } from './bulk-rules'

type Row = WorkflowRowFragment
type Result = { row: Row; problem: string | null }
export type BulkProps = { action: BulkAction; filter: WorkflowFilter; chosen: Row[] | null; onClose: () => void }

const most = 10_000

/** The workflows that the person chose, or all of the filter. */
function useRows(filter: WorkflowFilter, chosen: Row[] | null) {
  const ask = useAsk()
  const actors = useMay()('ACTORS')
  const [rows, setRows] = useState<Row[] | null>(chosen)
  const [problem, setProblem] = useState('')
  useEffect(() => {
    if (chosen) return
    let isGone = false
    const read = async () => {
      const all: Row[] = []
      for (let after: string | null | undefined = null; all.length < most && !isGone;) {
        const answer: { data: WorkflowListQuery | null; problem: { message: string } | null } =
          await ask(WorkflowListDocument, { filter, first: 100, after, actors })
        if (!answer.data) return setProblem(answer.problem?.message ?? 'The list could not be read.')
        all.push(...answer.data.workflows.nodes)
        if (!answer.data.workflows.pageInfo.hasNextPage) break
        after = answer.data.workflows.pageInfo.endCursor
      }
      if (!isGone) setRows(all)
    }
    void read()
    return () => { isGone = true }
  }, []) // The filter of the moment at which the dialog opened counts.
  return { rows, problem }
}

/** The mutation of one workflow. It returns why it was refused, or null. */
function useOne(action: BulkAction) {
  const actors = useMay()('ACTORS')
  const cancel = useAct(CancelWorkflowDocument)
  const retry = useAct(RetryStepDocument)
  const start = useAct(StartStepDocument)
  return async (workflowId: string, key: string, reason: string): Promise<string | null> => {
    const input = { workflowId, idempotencyKey: `${key}-${workflowId}` }
    const outcome = action === 'cancel' ? await cancel.run({ input: { ...input, reason: reason || null }, actors })
      : action === 'retry' ? await retry.run({ input, actors }) : await start.run({ input, actors })
    return outcome.problem?.message ?? outcome.userErrors[0]?.message ?? null
  }
}

export function BulkDialog({ action, filter, chosen, onClose }: BulkProps) {
  const { rows, problem } = useRows(filter, chosen)
  const one = useOne(action)
  const [key] = useState(newKey)
  const [reason, setReason] = useState('')
  const [results, setResults] = useState<Result[] | null>(null)
  const isOver = useRef(false)
  useEffect(() => () => { isOver.current = true }, [])
  const { verb } = bulkActions[action]
  const { can, cannot } = dryRun(action, rows ?? [])
  const isDone = results !== null && results.length === can.length
  const run = async () => {
    if (isDone) return onClose()
    setResults([])
    await inTurn(can, 4, () => isOver.current, async (row) => {
      const refused = await one(row.id, key, reason.trim())
      setResults((old) => [...(old ?? []), { row, problem: refused }])
    })
  }
  const none = rows === null ? 'The dry run is not ready.' : can.length === 0 ? 'No workflow can be changed.' : null
  return (
    <Dialog title={`${verb} many workflows`} submit={isDone ? 'Done' : `${verb} ${plural(can.length, 'workflow')}`} kind={action === 'cancel' && !isDone ? 'danger' : 'primary'}
      onClose={onClose} onSubmit={() => void run()} isBusy={results !== null && !isDone} reason={none}>
      {problem && <p className="note bad" role="alert">⚠ {problem}</p>}
      {rows === null && !problem && <Skeleton rows={2} label="Dry run" />}
      {rows !== null && results === null && (
        <>
          <p role="status"><strong>{can.length} can, {rows.length - can.length} cannot.</strong></p>
          {cannot.length > 0 && <ul className="bullets">{cannot.map(([why, count]) => <li key={why}>{count}: {why}</li>)}</ul>}
          {rows.length >= most && <p className="hint">These are the first {most} of the filter.</p>}
          <p className="hint">The changes are sent one by one from this page. Keep it open until the end.</p>
          {action === 'cancel' && <ReasonField label="Reason" value={reason} onChange={setReason} />}
        </>
      )}
      {results !== null && <Progress results={results} total={can.length} done={bulkActions[action].done} />}
    </Dialog>
  )
}

function Progress({ results, total, done }: { results: Result[]; total: number; done: string }) {
  const refused = results.filter((result) => result.problem !== null)
  return (
    <>
      <p role="status">{results.length - refused.length} {done}, {refused.length} refused, of {total}.</p>
      <progress className="progress wide" max={total} value={results.length} aria-label="Progress" />
      <details>
        <summary>Each result</summary>
        <ul className="bullets scroll">
          {results.map(({ row, problem }) => <li key={row.id}>{problem === null ? '✓' : '✕'} {row.name}{problem && `: ${problem}`}</li>)}
        </ul>
      </details>
    </>
  )
}
