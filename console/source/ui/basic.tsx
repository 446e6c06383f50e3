// The small parts that every page is made of.
import { useEffect, useId, useState, type ButtonHTMLAttributes, type ReactNode } from 'react'
import { useViewer } from '../api/viewer'
import type { Read } from '../api/client'
import type { Problem } from '../api/network'
import { money, momentIn, momentUTC, span } from './format'

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> & {
  kind?: 'primary' | 'danger' | 'plain' | 'quiet'
  /** Why the button does nothing now; null or absent when it works. */
  reason?: string | null
  isBusy?: boolean
}

/** A button. A disabled one stays reachable by keyboard and says why it is disabled. */
export function Button({ kind = 'plain', reason = null, isBusy = false, children, onClick, className, ...rest }: ButtonProps) {
  const id = useId()
  const off = reason !== null || isBusy
  return ( // The element stays the same when its reason comes or goes, so that it keeps the focus.
    <span className={reason === null ? 'works' : 'why'}>
      <button type="button" {...rest} className={`button ${kind} ${className ?? ''}`} aria-disabled={off || undefined}
        aria-describedby={reason === null ? undefined : id} aria-busy={isBusy || undefined}
        onClick={(event) => (off ? event.preventDefault() : onClick?.(event))}>
        {isBusy && <span className="spinner" aria-hidden="true" />}
        {children}
      </button>
      {reason !== null && <span role="tooltip" id={id} className="tip">{reason}</span>}
    </span>
  )
}

export function Money({ amount, none }: { amount: string | null | undefined; none?: string }) {
  return <data className="money" value={amount ?? ''}>{money(amount, none)}</data>
}

/** A moment in the organization's time zone; a hover shows UTC. */
export function Moment({ at }: { at: string | null | undefined }) {
  const { organization } = useViewer()
  if (!at) return <span className="faint">–</span>
  const [day, clock] = momentIn(at, organization.timeZone).split(', ')
  return <time dateTime={at} title={momentUTC(at)}><span className="whole">{day},</span> <span className="whole">{clock}</span></time>
}

type Clock = { listeners: Set<() => void>; timer: ReturnType<typeof setInterval> }
const clocks = new Map<number, Clock>()

/** Calls a function after each pause. All that ask for one pause share a timer, so that they draw at once. */
function everyPause(pause: number, listener: () => void): () => void {
  let clock = clocks.get(pause)
  if (!clock) {
    const listeners = new Set<() => void>()
    clock = { listeners, timer: setInterval(() => { for (const one of [...listeners]) one() }, pause) }
    clocks.set(pause, clock)
  }
  const { listeners, timer } = clock
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    clocks.delete(pause)
  }
}

/** The current time, again after each pause. */
export function useNow(pause = 1000): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => everyPause(pause, () => setNow(Date.now())), [pause])
  return now
}

/** The time since a moment. A hover shows the moment; its first formatting takes too long for the first view of a list. */
export function Ago({ at }: { at: string }) {
  const now = useNow(10_000)
  const { organization } = useViewer()
  const explain = (event: { currentTarget: HTMLElement }) => {
    event.currentTarget.title = `${momentIn(at, organization.timeZone)} · ${momentUTC(at)}`
  }
  return <time dateTime={at} onPointerEnter={explain}>{span(now - Date.parse(at))}</time>
}

/** The time until a moment. */
export function Countdown({ to }: { to: string }) {
  const now = useNow()
  const left = Date.parse(to) - now
  return <time dateTime={to} title={momentUTC(to)} className="figure">{left > 0 ? span(left) : 'now'}</time>
}

export function Skeleton({ rows = 5, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => <div key={index} className="bone" />)}
    </div>
  )
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return <div className="empty"><p className="empty-title">{title}</p>{children}</div>
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false)
  return (
    <Button kind="quiet" aria-label={label} onClick={() => {
      void navigator.clipboard.writeText(text).then(() => {
        setCopied(true)
        setTimeout(() => setCopied(false), 2000)
      })
    }}>{copied ? 'Copied' : 'Copy'}</Button>
  )
}

const titles: Record<Problem['kind'], string> = {
  offline: 'The server cannot be reached', outdated: 'A new version is here', forbidden: 'You may not see this',
  limited: 'The server is busy', internal: 'Something went wrong on the server', other: 'The server refused',
}

/** What went wrong, with what a person can do about it. */
export function ProblemNote({ problem, again }: { problem: Problem; again?: () => void }) {
  const isForbidden = problem.kind === 'forbidden'
  return (
    <div className={`note ${isForbidden ? 'info' : 'bad'}`} role={isForbidden ? 'note' : 'alert'}>
      <p className="note-title">{isForbidden ? '⛨' : '⚠'} {titles[problem.kind]}</p>
      <p>{problem.message}</p>
      {problem.kind === 'offline' && <p>The page goes on by itself as soon as the server is back.</p>}
      {problem.requestId && !isForbidden && (
        <p>Request <code>{problem.requestId}</code> <CopyButton text={problem.requestId} label="Copy the request id" /></p>
      )}
      {problem.kind === 'outdated' && <Button onClick={() => location.reload()}>Reload the page</Button>}
      {again && !isForbidden && problem.kind !== 'outdated' && <Button onClick={again}>Try again</Button>}
    </div>
  )
}

/** Shows data, or its skeleton, or the problem. Data that is there stays while it is read again. */
export function Loaded<Result>({ read, rows, children }: {
  read: Read<Result>; rows?: number; children: (data: Result) => ReactNode
}) {
  useEffect(() => {
    if (read.problem?.kind !== 'offline') return
    const timer = setTimeout(read.again, 2000)
    return () => clearTimeout(timer)
  }, [read.problem, read.again])
  if (read.data !== undefined && read.data !== null) {
    return (
      <div aria-busy={read.isReading}>
        {read.problem && <ProblemNote problem={read.problem} again={read.again} />}
        {children(read.data)}
      </div>
    )
  }
  if (read.problem) return <ProblemNote problem={read.problem} again={read.again} />
  return <Skeleton rows={rows} />
}

/** The heading of a page, which is also the title of the tab. */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => { document.title = `${title} · Infin8Content` }, [title])
  return <div className="page-title"><h1>{title}</h1>{children && <div className="page-actions">{children}</div>}</div>
}

/** A mark that the sandbox made something up. */
export function Synthetic() {
  return <span className="badge synthetic" title="The sandbox made this up: no language model was called.">SYNTHETIC</span>
}
