// The keyboard: / search, j and k rows, d decision, Enter opens, ? help.
import { useEffect } from 'react'
import { createStore, useStore } from '../api/store'
import { Dialog } from './dialog'

export const searchId = 'search'

const isWriting = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Moves the focus among the rows of the page. */
function moveRow(by: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  if (rows.length === 0) return
  const focused = document.activeElement
  const at = rows.findIndex((row) => row.contains(focused))
  // A list that took the focus over from a row that has left: its first row is the next one.
  const within = focused === document.body ? -1 : rows.findIndex((row) => focused?.contains(row))
  const start = within < 0 ? (by > 0 ? 0 : rows.length - 1) : within
  const next = rows[at < 0 ? start : Math.max(0, Math.min(rows.length - 1, at + by))]
  const target = next?.querySelector<HTMLElement>('a, button') ?? next?.querySelector<HTMLElement>('input') ?? next
  if (target && target === next && !target.hasAttribute('tabindex')) target.tabIndex = -1 // A row that only has text.
  target?.focus()
  target?.scrollIntoView({ block: 'nearest' })
}

/** Moves the focus to the buttons that decide about the page. The first one that works has it. */
function moveToDecision() {
  const buttons = [...document.querySelectorAll<HTMLElement>('main :is(.decision, [data-decision]) .buttons button')]
  const target = buttons.find((button) => button.getAttribute('aria-disabled') !== 'true') ?? buttons[0]
  target?.focus()
  target?.scrollIntoView({ block: 'nearest' })
}

const kept = 'infin8.keys'
/** Whether the keys act. Some people speak their input, and a word would press many of them. */
const isOn = createStore(localStorage.getItem(kept) !== 'off')
const isHelpOpen = createStore(false)

export const openHelp = () => isHelpOpen.set(true)

function turn(on: boolean) {
  if (on) localStorage.removeItem(kept)
  else localStorage.setItem(kept, 'off')
  isOn.set(on)
}

function onKey(event: KeyboardEvent) {
  if (!isOn.get() || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
  if (document.querySelector('dialog[open]')) return
  switch (event.key) {
    case '/': document.getElementById(searchId)?.focus(); break
    case 'j': moveRow(1); break
    case 'k': moveRow(-1); break
    case 'd': moveToDecision(); break
    case '?': openHelp(); break
    default: return
  }
  event.preventDefault()
}

/** The keys of every page, and their help. */
export function Help() {
  const open = useStore(isHelpOpen)
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return open ? <HelpDialog onClose={() => isHelpOpen.set(false)} /> : null
}

const keys = [
  ['/', 'Search'], ['j', 'Next row'], ['k', 'Previous row'], ['Enter', 'Open the row'], ['d', 'Go to the decision'],
  ['Ctrl + Enter', 'Send the form of a dialog'], ['Esc', 'Hide the tip of a disabled button, or close a dialog'],
  ['?', 'This help'],
]

function HelpDialog({ onClose }: { onClose: () => void }) {
  const on = useStore(isOn)
  return (
    <Dialog title="Keyboard" submit="Done" onClose={onClose} onSubmit={onClose}>
      <table className="plain-table">
        <tbody>{keys.map(([key, what]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{what}</td></tr>)}</tbody>
      </table>
      <label className="check">
        <input type="checkbox" checked={on} onChange={(event) => turn(event.target.checked)} /> Use the keys of one letter, outside of text fields
      </label>
    </Dialog>
  )
}
