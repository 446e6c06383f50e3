// Short messages at the edge of the screen, which a screen reader reads.
import { createStore, useStore } from '../api/store'

type Toast = { id: number; text: string }
const toasts = createStore<Toast[]>([])
let next = 1

export function say(text: string) {
  const id = next++
  toasts.set([...toasts.get(), { id, text }])
  setTimeout(() => toasts.set(toasts.get().filter((one) => one.id !== id)), 6000)
}

export function Toasts() {
  const shown = useStore(toasts)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((one) => <p key={one.id} className="toast">{one.text}</p>)}
    </div>
  )
}
