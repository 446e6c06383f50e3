// The way on when every part of a failed step has been decided.
import { newKey, useAct } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { RetryStepDocument } from '../../gql/graphql'
import { Button } from '../../ui/basic'
import { Refusal } from './refusal'

export function Finish({ id, what, again }: { id: string; what: string; again: () => void }) {
  const { role } = useViewer()
  const may = useMay()
  const act = useAct(RetryStepDocument)
  const run = async () => {
    await act.run({ input: { workflowId: id, idempotencyKey: newKey() }, actors: may('ACTORS') })
    again()
  }
  const refused = act.last && (act.last.problem || act.last.userErrors.length > 0) ? act.last : null
  return (
    <section className="note warn" aria-label="The end of the step">
      <p className="note-title">{what}</p>
      <p>The step can end now. What is done stays done.</p>
      <Button kind="primary" isBusy={act.isBusy} reason={may('OPERATE') ? null : denied(role, 'OPERATE')} onClick={() => void run()}>Finish the step</Button>
      {refused && <Refusal outcome={refused} />}
    </section>
  )
}
