import { expect, test } from 'vitest'
import { reasonOf, reasonsOf } from './reason'

const id = 'art_01a22c11-3299-7f18-82a9-ef578dfa8f48'
const names = new Map([[id, 'retail software']])

test('reasons: the constant becomes words, and an article has its name', () => {
  expect(reasonOf(`CANNIBALISES ${id}`, names)).toBe('Cannibalises “retail software”')
  expect(reasonOf('NOT_SELECTED: No keyword of the page was selected.', names)).toBe('Not selected: No keyword of the page was selected.')
  expect(reasonOf('SIZE: 1 keyword(s).', names)).toBe('Size: 1 keyword.')
  expect(reasonOf('SIZE: 2 keyword(s).', names)).toBe('Size: 2 keywords.')
})

test('reasons: articles of other workflows are counted', () => {
  const [one, other] = [`CANNIBALISES ${id}`, `CANNIBALISES ${id.replace('8f48', '8f49')}`]
  expect(reasonsOf([one, 'SIZE: 1 keyword(s).'], new Map())).toEqual(['Cannibalises an article of another workflow', 'Size: 1 keyword.'])
  expect(reasonsOf([one, other], new Map())).toEqual(['Cannibalises 2 articles of other workflows'])
})
