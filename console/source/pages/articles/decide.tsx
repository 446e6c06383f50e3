// The decisions about one article.
import { useState } from 'react'
import { newKey, useAct, type Outcome } from '../../api/client'
import { denied, useActors, useMay, useViewer } from '../../api/viewer'
import { DecideArticlesDocument, RetryArticleDocument, SkipArticleDocument } from '../../gql/graphql'
import { Button, Moment } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { Dialog, Field } from '../../ui/dialog'
import { words } from '../../ui/format'
import { say } from '../../ui/toast'
import { Refusal } from '../workflow/refusal'
import type { Article } from './page'
import { RewriteDialog } from './rewrite'

const writing = ['ARTICLE_PENDING', 'ARTICLE_PROCESSING', 'ARTICLE_FAILED', 'ARTICLE_COMPLETED']

/** Why nothing can be decided about an article now; null when it can. */
export function useClosed(article: { workflow: { state: string } }): string | null {
  const { role } = useViewer()
  const may = useMay()
  if (!may('OPERATE')) return denied(role, 'OPERATE')
  return writing.includes(article.workflow.state) ? null : 'The workflow has left the step of articles.'
}

type DecideProps = { article: Article; again: () => void; isEditing: boolean; onEdit: () => void }

export function Decide({ article, again, isEditing, onEdit }: DecideProps) {
  const closed = useClosed(article)
  const [open, setOpen] = useState<'reject' | 'skip' | 'rewrite' | null>(null)
  const decide = useAct(DecideArticlesDocument)
  const retry = useAct(RetryArticleDocument)
  const actors = useActors()
  const { unit, revision, decision } = article
  const isJudged = decision?.revision === revision
  const none = revision > 0 ? null : 'There is no text yet.'
  const done = (outcome: Outcome<unknown>, text: string) => {
    if (!outcome.problem && outcome.userErrors.length === 0) say(text)
    again()
  }
  const approve = async () => done(await decide.run({
    actors,
    input: { workflowId: article.workflow.id, items: [{ articleId: article.id, expectedRevision: revision, verdict: 'APPROVED' }], idempotencyKey: newKey() },
  }), 'The article is approved.')
  const reopen = async () => done(await retry.run({ actors, input: { articleId: article.id, idempotencyKey: newKey() } }), 'The article is written again.')
  const refused = [decide.last, retry.last].find((one) => one && (one.problem || one.userErrors.length > 0))
  const canRetry = unit.state === 'FAILED' || unit.state === 'SKIPPED'
  const canSkip = unit.state === 'FAILED' || unit.state === 'PENDING'
  return (
    <section className="card decision flat" aria-label="Decision">
      {decision && (
        <p>
          <Badge tone={decision.verdict === 'APPROVED' ? 'good' : 'warn'}>{`${decision.verdict === 'APPROVED' ? '✓' : '✕'} ${words(decision.verdict)}`}</Badge>{' '}
          <span className="sub-inline">revision {decision.revision}{isJudged ? '' : ', not the current one'}{decision.decidedBy ? ` by ${decision.decidedBy}` : ''}, <Moment at={decision.decidedAt} />
            {decision.feedback && `: “${decision.feedback}”`}</span>
        </p>
      )}
      <div className="buttons">
        <Button kind="primary" isBusy={decide.isBusy} onClick={() => void approve()}
          reason={closed ?? none ?? (isJudged && decision?.verdict === 'APPROVED' ? 'This text is approved.' : null)}>Approve</Button>
        <Button reason={closed ?? none} onClick={() => setOpen('reject')}>Send back</Button>
        <Button reason={closed ?? none ?? (isEditing ? 'You are editing.' : null)} onClick={onEdit}>Edit the text</Button>
        <Button reason={closed ?? none ?? (unit.state === 'DONE' ? null : 'The article is being written.')} onClick={() => setOpen('rewrite')}>Rewrite a section</Button>
        {canRetry && <Button isBusy={retry.isBusy} reason={closed} onClick={() => void reopen()}>Write it again</Button>}
        {canSkip && <Button reason={closed} onClick={() => setOpen('skip')}>Leave it out</Button>}
      </div>
      {refused && <Refusal outcome={refused} />}
      {open === 'reject' && <SendBackDialog article={article} onClose={() => { setOpen(null); again() }} />}
      {open === 'rewrite' && <RewriteDialog article={article} onClose={() => { setOpen(null); again() }} />}
      {open === 'skip' && <SkipDialog article={article} onClose={() => { setOpen(null); again() }} />}
    </section>
  )
}

type DialogProps = { article: Article; onClose: () => void }

function SendBackDialog({ article, onClose }: DialogProps) {
  const act = useAct(DecideArticlesDocument)
  const actors = useActors()
  const [feedback, setFeedback] = useState('')
  // The text that the person has read counts.
  const [expectedRevision] = useState(article.revision)
  const submit = async () => {
    const { payload } = await act.run({
      actors,
      input: {
        workflowId: article.workflow.id, idempotencyKey: newKey(),
        items: [{ articleId: article.id, expectedRevision, verdict: 'REJECTED', feedback: feedback.trim() || null }],
      },
    })
    if (!payload?.workflow) return
    say(feedback.trim() ? 'The article is written again with your feedback.' : 'The text is rejected.')
    onClose()
  }
  return (
    <Dialog title="Send the article back" submit="Send back" kind="danger" onClose={onClose} onSubmit={() => void submit()} isBusy={act.isBusy}
      errors={act.last?.userErrors} problem={act.last?.problem}>
      <Field label="Feedback" hint="The next text reads it. Sources that are paid are kept. Without feedback the text is only rejected.">
        {(props) => <textarea {...props} rows={4} maxLength={2000} value={feedback} onChange={(event) => setFeedback(event.target.value)} />}
      </Field>
    </Dialog>
  )
}

function SkipDialog({ article, onClose }: DialogProps) {
  const act = useAct(SkipArticleDocument)
  const actors = useActors()
  const [reason, setReason] = useState('')
  const submit = async () => {
    const { payload } = await act.run({ actors, input: { articleId: article.id, reason: reason.trim(), idempotencyKey: newKey() } })
    if (!payload?.article) return
    say('The article is left out.')
    onClose()
  }
  return (
    <Dialog title="Leave the article out?" submit="Leave it out" kind="danger" onClose={onClose} onSubmit={() => void submit()} isBusy={act.isBusy}
      errors={act.last?.userErrors} problem={act.last?.problem} reason={reason.trim() === '' ? 'Write the reason first.' : null}>
      <p>The step ends without it. It can be written later, as long as the step is open.</p>
      <Field label="Reason">
        {(props) => <textarea {...props} rows={3} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />}
      </Field>
    </Dialog>
  )
}
