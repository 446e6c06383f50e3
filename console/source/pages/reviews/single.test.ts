import { expect, test } from 'vitest'
import type { InboxArticleFragment, InboxPostFragment } from '../../gql/graphql'
import { entriesOf } from './single'

const article = (change: object): InboxArticleFragment => ({
  id: 'art_1', title: 'A title', revision: 2, needsReview: false, decision: null,
  unit: { id: 'unit_1', state: 'DONE', since: '2026-11-29T10:00:00Z', failure: null, message: null }, ...change,
} as unknown as InboxArticleFragment)
const post = (change: object): InboxPostFragment => ({
  id: 'pub_1', articleId: 'art_1', state: 'NEEDS_DECISION', since: '2026-11-29T09:00:00Z', failure: 'REMOTE_CONFLICT', message: 'a person has changed the post',
  target: { id: 'target_1', name: 'Blog' }, ...change,
} as unknown as InboxPostFragment)

test('entries: nothing waits in a finished article', () => {
  expect(entriesOf([article({})], [post({ state: 'LIVE' })])).toEqual([])
})

test('entries: a finding waits until the text is judged', () => {
  expect(entriesOf([article({ needsReview: true })], [])).toMatchObject([{ kind: 'article', articleId: 'art_1' }])
  expect(entriesOf([article({ needsReview: true, decision: { revision: 1, verdict: 'REJECTED' } })], [])).toHaveLength(1)
  expect(entriesOf([article({ needsReview: true, decision: { revision: 2, verdict: 'APPROVED' } })], [])).toEqual([])
})

test('entries: a failed article and a post in conflict wait, the oldest first', () => {
  const failed = article({ id: 'art_2', unit: { id: 'unit_2', state: 'FAILED', since: '2026-11-29T10:00:00Z', failure: 'NETWORK', message: 'no answer' } })
  const entries = entriesOf([failed, article({})], [post({}), post({ id: 'pub_2', state: 'LIVE' })])
  expect(entries.map((one) => `${one.kind} ${one.why}`)).toEqual(['post Blog: a person has changed the post', 'article no answer'])
})
