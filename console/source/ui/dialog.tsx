// A question to the person, in the browser's own dialog.
import { useId, useLayoutEffect, useRef, type ReactNode } from 'react'
import type { UserError } from '../api/client'
import type { Problem } from '../api/network'
import { Button, ProblemNote } from './basic'
import { Now } from './now'

type DialogProps = {
  title: string
  onClose: () => void
  /** Carries the question out. */
  onSubmit: () => void
  submit: string
  kind?: 'primary' | 'danger'
  isBusy?: boolean
  /** Why it cannot be carried out; null when it can. */
  reason?: string | null
  /** Errors that belong to no field of the form. */
  errors?: UserError[]
  problem?: Problem | null
  children: ReactNode
}

export function Dialog({
  title, onClose, onSubmit, submit, kind = 'primary', isBusy, reason = null, errors = [], problem, children,
}: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useLayoutEffect(() => { // It closes while it is still in the page, so that the focus goes back to where it was.
    const shown = dialog.current
    shown?.showModal()
    return () => shown?.close()
  }, [])
  const send = (event: { preventDefault: () => void }) => {
    event.preventDefault()
    if (reason === null && !isBusy) onSubmit()
  }
  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={(event) => { event.preventDefault(); onClose() }}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(event)
      }}>
      <form onSubmit={send} noValidate>
        <h2 id={id}>{title}</h2>
        {children}
        {errors.map((error) => (
          <div key={error.message} className="field-error" role="alert"><p>⚠ {error.message}</p><Now error={error} /></div>
        ))}
        {problem && <ProblemNote problem={problem} />}
        <div className="dialog-buttons">
          <Button onClick={onClose}>Close</Button>
          <Button kind={kind} type="submit" reason={reason} isBusy={isBusy}
            onClick={(event) => { event.preventDefault(); onSubmit() }}>{submit}</Button>
        </div>
      </form>
    </dialog>
  )
}

type FieldProps = {
  label: string
  hint?: string
  /** The errors of the mutation; those with this path are shown here. */
  errors?: UserError[]
  path?: string
  children: (props: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => ReactNode
}

export const errorsAt = (errors: UserError[], path: string) => errors.filter((error) => error.field?.join('.') === path)
export const errorsElsewhere = (errors: UserError[], ...paths: string[]) =>
  errors.filter((error) => !paths.includes(error.field?.join('.') ?? ''))

/** A labelled input with its hint and its errors. */
export function Field({ label, hint, errors = [], path = '', children }: FieldProps) {
  const id = useId()
  const own = errorsAt(errors, path)
  const described = [hint && `${id}-hint`, own.length > 0 && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': own.length > 0 || undefined })}
      {hint && <p id={`${id}-hint`} className="hint">{hint}</p>}
      {own.length > 0 && <p id={`${id}-error`} className="field-error" role="alert">⚠ {own.map((e) => e.message).join(' ')}</p>}
    </div>
  )
}
