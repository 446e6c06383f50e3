// A link to a path of the console. The router's own Link computes itself again on every change of the address, which a
// long list feels at each press. This one does nothing until a person uses it.
import { useRouter } from '@tanstack/react-router'
import { useRef, type AnchorHTMLAttributes, type MouseEvent } from 'react'
import { base } from '../api/settings'
import { afterPaint } from './after-paint'

type PathLinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'> & { to: string }

const preloadPause = 50

/** Whether a click asks for this page rather than for a new tab or a download. */
const isPlain = (event: MouseEvent) =>
  event.button === 0 && !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.altKey && !event.shiftKey

export function PathLink({ to, children, ...rest }: PathLinkProps) {
  const router = useRouter()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const target = { to: to as '/workflows' }
  const preload = () => { void router.preloadRoute(target).catch(() => {}) } // The page itself shows what went wrong.
  const soon = () => {
    clearTimeout(timer.current)
    timer.current = setTimeout(preload, preloadPause)
  }
  return (
    <a {...rest} href={base + to}
      onPointerEnter={soon} onPointerLeave={() => clearTimeout(timer.current)} onFocus={soon}
      onClick={(event) => {
        if (!isPlain(event)) return
        event.preventDefault()
        clearTimeout(timer.current)
        afterPaint(() => void router.navigate(target))
      }}>
      {children}
    </a>
  )
}
