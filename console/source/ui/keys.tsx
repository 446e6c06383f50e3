// The keyboard: / search, j and k rows, Enter opens, ? help.
import { useEffect, useState } from 'react'
import { Dialog } from './dialog'

export const searchId = 'search'

const isWriting = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

/** Moves the focus among the rows of the page. */
function moveRow(by: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  if (rows.length === 0) return
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by))]
  const target = next?.querySelector<HTMLElement>('a, button') ?? next?.querySelector<HTMLElement>('input') ?? next
  target?.focus()
  target?.scrollIntoView({ block: 'nearest' })
}

export function useShortcuts(): [boolean, () => void] {
  const [isHelpOpen, setHelpOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
      if (document.querySelector('dialog[open]')) return
      switch (event.key) {
        case '/': document.getElementById(searchId)?.focus(); break
        case 'j': moveRow(1); break
        case 'k': moveRow(-1); break
        case '?': setHelpOpen(true); break
        default: return
      }
      event.preventDefault()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return [isHelpOpen, () => setHelpOpen(false)]
}

const keys = [
  ['/', 'Search'], ['j', 'Next row'], ['k', 'Previous row'], ['Enter', 'Open the row'], ['Esc', 'Close a dialog'],
  ['?', 'This help'],
]

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" submit="Done" onClose={onClose} onSubmit={onClose}>
      <table className="plain-table">
        <tbody>{keys.map(([key, what]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{what}</td></tr>)}</tbody>
      </table>
    </Dialog>
  )
}
