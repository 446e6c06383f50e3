import { expect, test } from 'vitest'
import { changedFields, planChanges, selectionChanges } from './changes'

test('selection: what came and what went, and by whom', () => {
  const one = { id: '1', text: 'robots' }
  expect(selectionChanges([one], [one])).toEqual([])
  expect(selectionChanges([one], [{ id: '2', text: 'arms', decidedBy: 'ada' }]))
    .toEqual(['“arms” was selected by ada.', '“robots” is no longer selected.'])
})

test('plan: decisions, briefs, and items that came or left', () => {
  const item = (id: string, change: object = {}) =>
    ({ id, revision: 1, choice: 'APPROVED', brief: { title: `Title ${id}` }, page: { primaryKeyword: { text: 'robots' } }, ...change })
  expect(planChanges([item('a')], [item('a')])).toEqual([])
  expect(planChanges([item('a')], [item('a', { choice: 'REJECTED', decidedBy: 'ada' })])).toEqual(['“Title a” was rejected by ada.'])
  expect(planChanges([item('a')], [item('a', { choice: null })])).toEqual(['The decision about “Title a” was taken back.'])
  expect(planChanges([item('a')], [item('a', { revision: 2 })])).toEqual(['The brief of “Title a” was changed: it has revision 2.'])
  expect(planChanges([item('a', { brief: null })], [item('b')])).toEqual(['“Title b” is new in the plan.', '“robots” left the plan.'])
})

test('fields: only those that a person changed', () => {
  expect(changedFields({ title: 'a', angle: 'b' }, { title: 'a ', angle: 'c' })).toEqual(['angle'])
})
