import { expect, test } from 'vitest'
import { reasonOf } from './reason'

const id = 'art_01a22c11-3299-7f18-82a9-ef578dfa8f48'
const names = new Map([[id, 'retail software']])

test('reasons: the constant becomes words, and an article has its name', () => {
  expect(reasonOf(`CANNIBALISES ${id}`, names)).toBe('Cannibalises “retail software”')
  expect(reasonOf('NOT_SELECTED: No keyword of the page was selected.', names)).toBe('Not selected: No keyword of the page was selected.')
  expect(reasonOf('SIZE: 1 keyword(s).', names)).toBe('Size: 1 keyword.')
  expect(reasonOf('SIZE: 2 keyword(s).', names)).toBe('Size: 2 keywords.')
})

test('reasons: an article of another workflow keeps its id', () => {
  expect(reasonOf(`CANNIBALISES ${id}`, new Map())).toBe(`Cannibalises an article of another workflow, ${id}`)
})
