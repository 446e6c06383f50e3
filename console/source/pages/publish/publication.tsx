// One article on one site.
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { denied, useMay, useViewer } from '../../api/viewer'
import { DecidePublicationDocument, type PublicationChoice, type PublicationRowFragment, type PublicationState } from '../../gql/graphql'
import { Ago, Button, Moment } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { Dialog, errorsElsewhere, Field } from '../../ui/dialog'
import { words } from '../../ui/format'
import { say } from '../../ui/toast'

const signs: Record<PublicationState, { sign: string; tone: string; label: string }> = {
  PLANNED: { sign: '◔', tone: 'neutral', label: 'Planned' }, SENT: { sign: '◑', tone: 'active', label: 'Being sent' },
  UNKNOWN: { sign: '?', tone: 'warn', label: 'Looking for the post' }, DRAFTED: { sign: '◕', tone: 'good', label: 'Draft' },
  PUBLISH_SENT: { sign: '◑', tone: 'active', label: 'Being published' },
  SCHEDULED: { sign: '◷', tone: 'good', label: 'Scheduled' }, LIVE: { sign: '✓', tone: 'good', label: 'Live' },
  UPDATE_SENT: { sign: '◑', tone: 'active', label: 'Being updated' }, NEEDS_DECISION: { sign: '◉', tone: 'bad', label: 'Needs a decision' },
  SKIPPED: { sign: '⊘', tone: 'neutral', label: 'Left out' }, ORPHANED: { sign: '◌', tone: 'warn', label: 'Without an article' },
  UNPUBLISHING: { sign: '◑', tone: 'active', label: 'Being withdrawn' }, UNPUBLISHED: { sign: '⊘', tone: 'neutral', label: 'Withdrawn' },
}

const labels: Record<PublicationChoice, { button: string; title: string; about: string }> = {
  ADOPT: { button: 'Keep the site’s post', title: 'Take the post on the site as it is?', about: 'Nothing is sent. The engine follows the post from now on.' },
  OVERWRITE: { button: 'Replace it', title: 'Replace what is on the site?', about: 'The article replaces the changes that were made there.' },
  SKIP: { button: 'Leave it out', title: 'Leave the publication out?', about: 'A post on the site stays as it is.' },
  UNPUBLISH: { button: 'Withdraw', title: 'Take the post from its readers?', about: 'It becomes a draft on the site.' },
}

/** The choices that a state allows. */
export function choicesOf(state: PublicationState): PublicationChoice[] {
  switch (state) {
    case 'NEEDS_DECISION': return ['ADOPT', 'OVERWRITE', 'SKIP']
    case 'LIVE': case 'SCHEDULED': case 'ORPHANED': return ['UNPUBLISH']
    default: return []
  }
}

type PublicationProps = { one: PublicationRowFragment; title: string; flow: string; again: () => void }

export function Publication({ one, title, flow, again }: PublicationProps) {
  const { role } = useViewer()
  const may = useMay()
  const [open, setOpen] = useState<PublicationChoice | null>(null)
  const { sign, tone, label } = signs[one.state]
  return (
    <li className="card" data-row={one.id}>
      <p>
        <Link to="/workflows/$id/articles/$article" params={{ id: flow, article: one.articleId }} className="row-link">{title}</Link>{' '}
        <span className="faint">on {one.target.name}</span> <Badge tone={tone}>{`${sign} ${label}`}</Badge>
      </p>
      {one.url && <p><a className="address" href={one.url} rel="noreferrer noopener" target="_blank">{one.url}</a></p>}
      {one.message && <p className={one.state === 'NEEDS_DECISION' ? 'note bad' : 'sub'}>{one.failure && `${words(one.failure)}: `}{one.message}</p>}
      <p className="sub">
        Revision {one.publishedRevision ?? one.revision}{one.publishedRevision !== null && one.publishedRevision !== undefined && one.publishedRevision !== one.revision && `, to become ${one.revision}`}
        {' '}· {one.publishAt ? <>public at <Moment at={one.publishAt} /></> : one.policy === 'DRAFT' ? 'as a draft' : 'public at once'} · in this state for <Ago at={one.since} />
      </p>
      <details>
        <summary>What happened</summary>
        <ol className="bullets">
          {one.events.map((event) => (
            <li key={event.version}><Moment at={event.at} /> {words(event.kind)} → {words(event.state)}{event.actor ? ` by ${event.actor}` : ''}
              {event.message && `: ${event.message}`}{event.reason && ` “${event.reason}”`}</li>
          ))}
        </ol>
      </details>
      {choicesOf(one.state).length > 0 && (
        <div className="buttons">
          {choicesOf(one.state).map((choice) => (
            <Button key={choice} kind={choice === 'UNPUBLISH' ? 'danger' : 'plain'} aria-label={`${labels[choice].button}: ${title}`}
              reason={may('OPERATE') ? null : denied(role, 'OPERATE')} onClick={() => setOpen(choice)}>{labels[choice].button}</Button>
          ))}
        </div>
      )}
      {open && <ChoiceDialog one={one} choice={open} onClose={() => { setOpen(null); again() }} />}
    </li>
  )
}

function ChoiceDialog({ one, choice, onClose }: { one: PublicationRowFragment; choice: PublicationChoice; onClose: () => void }) {
  const actors = useMay()('ACTORS')
  const act = useAct(DecidePublicationDocument)
  const [reason, setReason] = useState('')
  const [remoteId, setRemoteId] = useState('')
  const submit = async () => {
    const { payload } = await act.run({
      actors,
      input: { publicationId: one.id, choice, remoteId: choice === 'ADOPT' ? remoteId.trim() || null : null, reason: reason.trim(), idempotencyKey: newKey() },
    })
    if (!payload?.publication) return
    say('The decision is kept.')
    onClose()
  }
  const errors = act.last?.userErrors ?? []
  return (
    <Dialog title={labels[choice].title} submit={labels[choice].button} kind={choice === 'SKIP' || choice === 'ADOPT' ? 'primary' : 'danger'}
      onClose={onClose} onSubmit={() => void submit()} isBusy={act.isBusy} problem={act.last?.problem}
      errors={errorsElsewhere(errors, 'reason', 'remoteId')} reason={reason.trim() === '' ? 'Write the reason first.' : null}>
      <p>{labels[choice].about}</p>
      {choice === 'ADOPT' && (
        <Field label="Id of the post on the site (optional)" path="remoteId" errors={errors} hint={one.remoteId ? `${one.remoteId} when empty.` : undefined}>
          {(props) => <input {...props} value={remoteId} onChange={(event) => setRemoteId(event.target.value)} />}
        </Field>
      )}
      <Field label="Reason" path="reason" errors={errors} hint="It stays with the publication.">
        {(props) => <textarea {...props} rows={3} maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />}
      </Field>
    </Dialog>
  )
}
