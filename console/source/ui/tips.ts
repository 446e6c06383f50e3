/** Lets Escape hide the tip of a button, until the pointer or the focus has left it. */
export function hideTipsByEscape(): void {
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    for (const why of document.querySelectorAll('.why:hover, .why:focus-within')) why.classList.add('dismissed')
  })
  const show = (event: PointerEvent | FocusEvent) => {
    const why = (event.target as Element).closest('.why')
    if (!why?.contains(event.relatedTarget as Node | null)) why?.classList.remove('dismissed')
  }
  document.addEventListener('pointerout', show)
  document.addEventListener('focusout', show)
}
