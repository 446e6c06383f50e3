/** Lets Escape hide the tip of a disabled button, until neither the pointer nor the focus is at the button. */
export function hideTipsByEscape(): void {
  // It comes before the handlers of a page, and a dialog stays open for the Escape that hides a tip.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    const shown = document.querySelectorAll('.why:not(.dismissed):is(:hover, :focus-within)')
    for (const why of shown) why.classList.add('dismissed')
    if (shown.length > 0) event.preventDefault()
  }, { capture: true })
  const show = (event: PointerEvent | FocusEvent) => {
    const why = (event.target as Element).closest('.why.dismissed')
    if (!why || why.contains(event.relatedTarget as Node | null)) return
    const stays = event.type === 'focusout' ? why.matches(':hover') : why.contains(document.activeElement)
    if (!stays) why.classList.remove('dismissed')
  }
  document.addEventListener('pointerout', show)
  document.addEventListener('focusout', show)
}
