// One action on many workflows: first a dry run of the server, then its batch with a result for each.
import { Link } from '@tanstack/react-router'
import { useCallback, useEffect, useState } from 'react'
import { newKey, useAct, useLive, type Outcome } from '../api/client'
import { useMay } from '../api/viewer'
import {
  CancelWorkflowsDocument, LiveBatchDocument, RetryWorkflowsDocument, SetWorkflowLimitsDocument, StartStepsDocument,
  type BatchPlanFragment, type BatchRowFragment, type LiveBatchSubscription, type WorkflowFilter,
} from '../gql/graphql'
import { Skeleton } from '../ui/basic'
import { Dialog, Field } from '../ui/dialog'
import { plural } from '../ui/format'
import { ReasonField } from '../ui/reason'
import { actionOf, bulkActions, type BulkAction } from './bulk-rules'

export type BulkProps = { action: BulkAction; filter: WorkflowFilter; chosen: { id: string }[] | null; onClose: () => void }
type Payload = { preview?: BatchPlanFragment | null; batch?: BatchRowFragment | null }
type Order = { digest?: string; reason?: string; limit?: string; idempotencyKey?: string }

/** Sends the mutation of an action: a dry run without a digest, and the order with one. */
function useOrder(action: BulkAction, filter: WorkflowFilter, chosen: { id: string }[] | null) {
  const actors = useMay()('ACTORS')
  const [cancel, retry, start, limit] = [
    useAct(CancelWorkflowsDocument), useAct(RetryWorkflowsDocument), useAct(StartStepsDocument), useAct(SetWorkflowLimitsDocument),
  ]
  // The filter and the choice of the moment at which the dialog opened count.
  const [which] = useState(() => (chosen ? { workflowIds: chosen.map((row) => row.id) } : { filter }))
  const run = useCallback(({ digest, reason, limit: amount, idempotencyKey }: Order): Promise<Outcome<Payload>> => {
    const input = { ...which, digest, idempotencyKey }
    switch (action) {
      case 'cancel': return cancel.run({ input: { ...input, reason: reason || null }, actors })
      case 'retry': return retry.run({ input, actors })
      case 'start': return start.run({ input, actors })
      case 'limit': return limit.run({ input: { ...input, reason: reason || null, ...(amount ? { limit: amount } : { unlimited: true }) }, actors })
    }
  }, [action, actors, which, cancel.run, retry.run, start.run, limit.run])
  return { run, isBusy: [cancel, retry, start, limit].some((act) => act.isBusy) }
}

export function BulkDialog({ action, filter, chosen, onClose }: BulkProps) {
  const { verb, hasReason } = bulkActions[action]
  const { run, isBusy } = useOrder(action, filter, chosen)
  const [amount, setAmount] = useState<string | null>(action === 'limit' ? null : '')
  const [reason, setReason] = useState('')
  const [key] = useState(newKey)
  const [last, setLast] = useState<Outcome<Payload> | null>(null)
  // The plan stays while the server is away.
  const [preview, setPreview] = useState<BatchPlanFragment | null>(null)
  const batch = last?.payload?.batch
  const take = useCallback((outcome: Outcome<Payload>) => {
    const stale = outcome.userErrors.find((error) => 'preview' in error) as { preview: BatchPlanFragment } | undefined
    const plan = outcome.payload?.preview ?? stale?.preview
    if (plan) setPreview(plan)
    setLast(outcome)
  }, [])
  const look = useCallback((limit: string) => void run({ limit }).then(take), [run, take])
  useEffect(() => { if (amount !== null && last === null) look(amount) }, [amount, last, look])
  const send = async () => {
    if (batch) return onClose()
    if (!preview) return look(amount ?? '')
    take(await run({ digest: preview.digest, reason: reason.trim(), limit: amount ?? '', idempotencyKey: `${key}-${preview.digest}` }))
  }
  if (amount === null) return <LimitForm onClose={onClose} onLimit={setAmount} />
  const none = batch || (!preview && last?.problem) ? null : !preview ? 'The dry run is not ready.' : preview.able === 0 ? 'No workflow can be changed.' : null
  return (
    <Dialog title={`${verb} many workflows`} submit={batch ? 'Done' : !preview && last?.problem ? 'Look again' : `${verb} ${plural(preview?.able ?? 0, 'workflow')}`}
      kind={action === 'cancel' && !batch ? 'danger' : 'primary'} onClose={onClose} onSubmit={() => void send()} isBusy={isBusy && Boolean(preview)}
      reason={none} errors={last?.userErrors} problem={last?.problem}>
      {!preview && !batch && (last === null ? <Skeleton rows={2} label="Dry run" /> : null)}
      {preview && !batch && (
        <>
          <Plan preview={preview} />
          <p className="hint">The server changes one after the other, also when this page is closed.</p>
          {hasReason && <ReasonField label="Reason" value={reason} onChange={setReason} />}
        </>
      )}
      {batch && <Followed batch={batch} />}
    </Dialog>
  )
}

function LimitForm({ onClose, onLimit }: { onClose: () => void; onLimit: (limit: string) => void }) {
  const [limit, setLimit] = useState('')
  return (
    <Dialog title="Set the limit of many workflows" submit="Look at what changes" onClose={onClose} onSubmit={() => onLimit(limit.trim())}>
      <Field label="Limit of each in US dollars" hint="Empty: no limit.">
        {(props) => <input {...props} inputMode="decimal" value={limit} onChange={(event) => setLimit(event.target.value)} />}
      </Field>
    </Dialog>
  )
}

function Plan({ preview }: { preview: BatchPlanFragment }) {
  return (
    <>
      <p role="status"><strong>{preview.able} can, {preview.selected - preview.able} cannot.</strong></p>
      {preview.refusals.length > 0 && (
        <ul className="bullets">{preview.refusals.map((one) => <li key={`${one.code} ${one.message}`}>{one.count}: {one.message}</li>)}</ul>
      )}
    </>
  )
}

type Item = LiveBatchSubscription['batchChanged']['item']

/** A batch with its results as they come. */
function Followed({ batch: first }: { batch: BatchRowFragment }) {
  const actors = useMay()('ACTORS')
  const [batch, setBatch] = useState(first)
  const [items, setItems] = useState<ReadonlyMap<number, Item>>(new Map())
  useLive(LiveBatchDocument, { id: first.id, actors }, ({ batchChanged: event }) => {
    setBatch(event.batch)
    setItems((old) => new Map(old).set(event.item.position, event.item))
  })
  const shown = [...items.values()].slice(-200)
  return (
    <>
      <BatchProgress batch={batch} />
      <p><Link to="/batches/$batch" params={{ batch: batch.id }}>Open the batch</Link></p>
      <details>
        <summary>Each result</summary>
        <ul className="bullets scroll">
          {shown.map((item) => <li key={item.position}>{item.outcome === 'DONE' ? '✓' : '✕'} {item.workflow.name}{item.message && `: ${item.message}`}</li>)}
        </ul>
      </details>
    </>
  )
}

export function BatchProgress({ batch }: { batch: BatchRowFragment }) {
  const { done } = bulkActions[actionOf[batch.kind]]
  return (
    <>
      <p role="status">{batch.succeeded} {done}, {batch.done - batch.succeeded} refused, of {batch.total}.</p>
      <progress className="progress wide" max={Math.max(1, batch.total)} value={batch.done} aria-label="Progress" />
    </>
  )
}

