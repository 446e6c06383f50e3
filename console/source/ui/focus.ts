// Keeps the focus of the keyboard: when the element that has it leaves the page, the closest part that is left gets it.

/** The parts around an element, from the inside out. */
function around(element: Element): HTMLElement[] {
  const parts: HTMLElement[] = []
  for (let part = element.parentElement; part && part !== document.body; part = part.parentElement) parts.push(part)
  return parts
}

/** Follows the focus until the returned function is called. */
export function keepFocus(): () => void {
  let last: Element | null = null
  let parts: HTMLElement[] = []
  const onFocus = ({ target }: FocusEvent) => {
    if (!(target instanceof HTMLElement)) return
    last = target
    parts = around(target)
  }
  const observer = new MutationObserver(() => {
    if (document.activeElement !== document.body || last === null || last.isConnected) return
    last = null
    const part = parts.find((one) => one.isConnected)
    if (!part) return
    if (!part.hasAttribute('tabindex')) part.tabIndex = -1
    part.focus({ preventScroll: true })
  })
  document.addEventListener('focusin', onFocus)
  observer.observe(document.body, { childList: true, subtree: true })
  return () => {
    observer.disconnect()
    document.removeEventListener('focusin', onFocus)
  }
}
