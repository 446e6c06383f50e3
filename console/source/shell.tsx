// The frame of every page: sign-in, menu, header, live connection.
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef, type ReactNode } from 'react'
import { useLive, useRead } from './api/client'
import { addSeen, readsApart, resyncs, useNews } from './api/events'
import { connection } from './api/live'
import type { Problem } from './api/network'
import { session, signOut } from './api/session'
import type { Settings } from './api/settings'
import { useStore, useWhenChanged } from './api/store'
import { useMay, useViewer, ViewerContext } from './api/viewer'
import { InboxCountsDocument, LiveOrganizationDocument, ViewerDocument, type Permission } from './gql/graphql'
import { totalOf } from './pages/reviews/search'
import { SignInPage } from './pages/sign-in'
import { Button, ProblemNote, Skeleton, useNow } from './ui/basic'
import { span } from './ui/format'
import { keepFocus } from './ui/focus'
import { Help, openHelp } from './ui/keys'
import { PathLink } from './ui/path-link'
import { setTheme, theme, type Theme } from './ui/theme'
import { Toasts } from './ui/toast'

export function Shell({ settings }: { settings: Settings }) {
  const current = useStore(session)
  if (current === null) return <SignInPage settings={settings} />
  return <SignedIn settings={settings} />
}

function SignedIn({ settings }: { settings: Settings }) {
  const read = useRead(ViewerDocument, {})
  const viewer = read.data?.viewer
  useEffect(keepFocus, [])
  useEffect(() => {
    if (read.problem?.kind !== 'offline') return
    const timer = setTimeout(read.again, 2000)
    return () => clearTimeout(timer)
  }, [read.problem, read.again])
  if (!viewer) return read.problem ? <Refused problem={read.problem} again={read.again} /> : <Frame />
  return (
    <ViewerContext value={viewer}>
      <a className="skip" href="#main">Skip to the content</a>
      <Live />
      <Counts />
      <Header settings={settings} />
      <div className="frame">
        <Menu settings={settings} />
        <main id="main" tabIndex={-1}>
          {settings.notice && <p className="notice"><span className="badge synthetic">SYNTHETIC</span> {settings.notice.replace(/^Answers are SYNTHETIC: t/, 'T')}</p>}
          <Outlet />
        </main>
      </div>
      <Toasts />
      <Help />
    </ViewerContext>
  )
}

/** The frame of the pages before the answer, so that nothing moves when it comes. */
function Frame() {
  return (
    <>
      <header className="header"><span className="brand"><span className="brand-mark" aria-hidden="true">∞</span>Infin8Content</span></header>
      <div className="frame"><div className="menu" /><main id="main"><Skeleton rows={8} label="Loading the console" /></main></div>
    </>
  )
}

/** The console cannot show anything: the server is away, or the token is that of a program. */
function Refused({ problem, again }: { problem: Problem; again: () => void }) {
  const isProgram = problem.kind === 'forbidden'
  useEffect(() => { document.title = 'Infin8Content console' }, [])
  return (
    <main className="alone">
      <h1>{isProgram ? 'The console is for people' : 'Infin8Content'}</h1>
      {isProgram && <p>This token belongs to a program. Sign in with the token of a person, or with a key that reads the organization.</p>}
      <ProblemNote problem={problem} again={again} />
      <div className="buttons"><Button onClick={() => signOut()}>Sign out</Button></div>
    </main>
  )
}

/** Follows the organization, so that every page's rows change in place. */
function Live() {
  const may = useMay()
  useLive(LiveOrganizationDocument, { actors: may('ACTORS') }, ({ organizationTransitioned: event }) => {
    // The server may have failed to read the workflow: the event is lost then.
    if (event.resync || !event.workflow || !event.transition) {
      resyncs.set(resyncs.get() + 1)
      return
    }
    const { version, from, to, actor, occurredAt } = event.transition
    addSeen({ workflowId: event.workflow.id, version, from: from ?? null, to, actor: actor ?? null, at: occurredAt })
  })
  return null
}

/** Reads again how many things wait for a person. The menu and the page share the answer. */
function Counts() {
  const read = useRead(InboxCountsDocument, {})
  useWhenChanged(useNews(), read.again, 300, readsApart)
  return null
}

type Entry = { to: string; label: string; sign: string; needs?: Permission }

/** The menu. What a role may not see is not in it. */
export const entries: Entry[] = [
  { to: '/workflows', label: 'Workflows', sign: '≡' },
  { to: '/reviews', label: 'Reviews', sign: '◉' },
  { to: '/spend', label: 'Spend', sign: '$' },
  { to: '/alerts', label: 'Alerts', sign: '!', needs: 'ALERTS' },
  { to: '/audit', label: 'Audit', sign: '✓', needs: 'EXPORT' },
  { to: '/graph', label: 'Graph', sign: '⇢' },
  { to: '/prices', label: 'Prices', sign: '≈' },
  { to: '/keys', label: 'API keys', sign: '#', needs: 'OVERSEE' },
  { to: '/organization', label: 'Organization', sign: '⚙' },
]

/** Whether a page belongs to an entry. Batches are made from the list of workflows. */
const isIn = (path: string, entry: string) => path.startsWith(entry) || (entry === '/workflows' && path.startsWith('/batches'))

function Menu({ settings }: { settings: Settings }) {
  const may = useMay()
  const path = useRouterState({ select: (state) => state.location.pathname })
  const shown = entries.filter((entry) => !entry.needs || may(entry.needs))
  return (
    <nav className="menu" id="menu" aria-label="Console">
      <ul>
        {shown.map((entry) => (
          <li key={entry.to}>
            <PathLink to={entry.to} aria-current={isIn(path, entry.to) ? 'page' : undefined}>
              <span className="menu-sign" aria-hidden="true">{entry.sign}</span>{entry.label}
              {entry.to === '/reviews' && <Waiting />}
            </PathLink>
          </li>
        ))}
        {settings.playground && (
          <li className="menu-apart"><a href="/playground"><span className="menu-sign" aria-hidden="true">▷</span>Playground</a></li>
        )}
        <li><button type="button" className="menu-button-line" onClick={openHelp}><span className="menu-sign" aria-hidden="true">⌨</span>Keyboard</button></li>
      </ul>
    </nav>
  )
}

/** How many things wait for a person. */
function Waiting() {
  const read = useRead(InboxCountsDocument, {}, { policy: 'cache-first' })
  const count = read.data && totalOf(read.data.viewer.organization)
  if (!count) return null
  return <span className="menu-count"><span className="figure">{count > 999 ? '999+' : count}</span><span className="hidden"> waiting</span></span>
}

function Header({ settings }: { settings: Settings }) {
  const { actor, role, organization } = useViewer()
  return (
    <header className="header">
      <MenuButton settings={settings} />
      <PathLink to="/workflows" className="brand"><span className="brand-mark" aria-hidden="true">∞</span>Infin8Content</PathLink>
      <span className="header-gap" />
      <Connection />
      <span className="zone" title="All times are in this time zone; hover over a time to see UTC.">{organization.timeZone}</span>
      <ThemeSelect />
      <span className="person" title={`${actor} · ${role} · ${organization.id}`}>
        <span className="person-name">{actor}</span><span className="badge neutral">{role}</span>
      </span>
      <Ending />
      <Button kind="quiet" className="sign-out" onClick={() => signOut()}>Sign out</Button>
    </header>
  )
}

/** On a narrow screen the menu is a dialog. */
function MenuButton({ settings }: { settings: Settings }) {
  const { organization } = useViewer()
  const dialog = useRef<HTMLDialogElement>(null)
  const close = () => dialog.current?.close()
  return (
    <>
      <Button kind="quiet" className="menu-button" aria-haspopup="dialog" aria-label="Menu"
        onClick={() => dialog.current?.showModal()}>☰</Button>
      <dialog ref={dialog} className="menu-dialog" aria-label="Menu"
        onClick={(event) => { if ((event.target as HTMLElement).closest('a, .menu-button-line') || event.target === dialog.current) close() }}>
        <Menu settings={settings} />
        <p className="hint">Times are in the time zone {organization.timeZone}.</p>
        <div className="buttons"><ThemeSelect /><Button onClick={() => signOut()}>Sign out</Button><Button onClick={close}>Close</Button></div>
      </dialog>
    </>
  )
}

const states = {
  idle: { sign: '◌', label: 'Connecting' }, live: { sign: '●', label: 'Live' }, lost: { sign: '◌', label: 'Reconnecting' },
}

function Connection() {
  const state = useStore(connection)
  const { sign, label } = states[state]
  return <span className={`connection ${state}`} role="status"><span aria-hidden="true">{sign}</span> {label}</span>
}

/** Warns before a sign-in ends that the page cannot renew. */
function Ending(): ReactNode {
  const current = useStore(session)
  const now = useNow(15_000)
  if (!current?.endsAt || current.refreshToken) return null
  const left = current.endsAt - now
  if (left > 5 * 60_000) return null
  return <span className="badge warn" role="status">Your sign-in ends in {span(left)}</span>
}

function ThemeSelect() {
  const chosen = useStore(theme)
  return (
    <select aria-label="Colors" className="theme" value={chosen}
      onChange={(event) => setTheme(event.target.value as Theme)}>
      <option value="system">Auto</option><option value="light">Light</option><option value="dark">Dark</option>
    </select>
  )
}
