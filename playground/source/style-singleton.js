// In place of the package react-style-singleton, which writes <style> elements that the policy of the page refuses: the
// same by a sheet that is adopted, which no markup can bring in.
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
