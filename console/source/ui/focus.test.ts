import { expect, test } from 'vitest'
import { keepFocus } from './focus'

const settled = () => new Promise((resolve) => { setTimeout(resolve) })

test('focus: it goes to what is left around an element that leaves the page', async () => {
  document.body.innerHTML = '<main><section><p><button>Save</button></p></section></main>'
  const stop = keepFocus()
  document.querySelector('button')!.focus()
  document.querySelector('p')!.remove()
  await settled()
  expect(document.activeElement?.tagName).toBe('SECTION')
  stop()
})

test('focus: a person who left an element is not sent back', async () => {
  document.body.innerHTML = '<main><button>Save</button><i></i></main>'
  const stop = keepFocus()
  document.querySelector('button')!.focus()
  document.querySelector('button')!.blur()
  document.querySelector('i')!.remove()
  await settled()
  expect(document.activeElement).toBe(document.body)
  stop()
})
