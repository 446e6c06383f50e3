// Replaces the package react-style-singleton, which writes <style> elements that the page's policy refuses. An adopted
// style sheet has the same effect, and no markup can add one.
import { useLayoutEffect } from 'react'

export function styleSingleton() {
  const sheet = new CSSStyleSheet()
  let users = 0
  return function Sheet({ styles }) {
    useLayoutEffect(() => {
      if (users++ === 0) {
        sheet.replaceSync(styles)
        document.adoptedStyleSheets.push(sheet)
      }
      return () => {
        if (--users === 0) document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet)
      }
    }, [])
    return null
  }
}
