import { expect, test } from 'vitest'
import { changedSince, choose, isProposed, proposed, stillChosen } from './choices'

const article = (id: string, revision: number, change: object = {}) => ({ id, revision, needsReview: false, decision: null, ...change })

test('choices: an article is proposed when its present text needs no person, or was approved', () => {
  const decision = (verdict: string, revision: number) => ({ verdict, revision }) as never
  expect(isProposed(article('a', 2))).toBe(true)
  expect(isProposed(article('a', 2, { needsReview: true }))).toBe(false)
  expect(isProposed(article('a', 2, { needsReview: true, decision: decision('APPROVED', 2) }))).toBe(true)
  expect(isProposed(article('a', 2, { needsReview: true, decision: decision('APPROVED', 1) }))).toBe(false)
  expect(isProposed(article('a', 2, { decision: decision('REJECTED', 2) }))).toBe(false)
})

test('choices: a text that changes is not chosen any more, until a person chooses it again', () => {
  const chosen = proposed([article('a', 1), article('b', 3)])
  const now = [article('a', 2), article('b', 3), article('c', 1)]
  expect(stillChosen(chosen, now).map((one) => one.id)).toEqual(['b'])
  expect(changedSince(chosen, now).map((one) => one.id)).toEqual(['a'])
  const again = choose(chosen, now[0]!, true)
  expect(stillChosen(again, now).map((one) => `${one.id} ${one.revision}`)).toEqual(['a 2', 'b 3'])
  expect(changedSince(again, now)).toEqual([])
  expect(stillChosen(choose(again, now[1]!, false), now).map((one) => one.id)).toEqual(['a'])
  expect(chosen.get('a')).toBe(1)
})
