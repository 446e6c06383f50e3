// Lets the browser show the answer to a press before the work that the press begins.

/** Calls a function after the next frame is on the screen; in a tab that shows no frames, soon. */
export function afterPaint(then: () => void) {
  if (document.hidden) {
    setTimeout(then, 0)
    return
  }
  requestAnimationFrame(() => setTimeout(then, 0))
}
