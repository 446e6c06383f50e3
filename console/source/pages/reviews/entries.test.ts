import { expect, test } from 'vitest'
import type { InboxArticleFragment, InboxPostFragment } from '../../gql/graphql'
import { doubtedOf, failedOf, postsOf } from './entries'

type Text = Parameters<typeof doubtedOf>[0][number]
const article = (change: object) => ({
  id: 'art_1', title: 'A title', revision: 2, needsReview: false, decision: null, checks: [], workflow: { id: 'wf_1', name: 'A workflow' },
  unit: { id: 'unit_1', state: 'DONE', since: '2026-11-29T10:00:00Z', failure: null, message: null },
  last: { nodes: [{ revision: 2, createdAt: '2026-11-29T11:00:00Z' }] }, ...change,
}) as unknown as Text
const post = (change: object): InboxPostFragment => ({
  id: 'pub_1', articleId: 'art_1', articleTitle: 'A title', state: 'NEEDS_DECISION', since: '2026-11-29T09:00:00Z', failure: 'REMOTE_CONFLICT',
  message: 'a person has changed the post', target: { id: 'target_1', name: 'Blog' }, workflow: { id: 'wf_1', name: 'A workflow' }, ...change,
} as unknown as InboxPostFragment)

test('entries: a retry that has begun takes a failed article out', () => {
  const failed = { id: 'unit_2', state: 'FAILED', since: '2026-11-29T10:00:00Z', failure: 'NETWORK', message: 'no answer' }
  expect(failedOf([article({}) as InboxArticleFragment])).toEqual([])
  expect(failedOf([article({ unit: failed }) as InboxArticleFragment])).toMatchObject([{ why: 'no answer', since: failed.since }])
})

test('entries: a finding waits until the text is judged', () => {
  const checks = [{ isBlocking: false, message: 'A notice.' }, { isBlocking: true, message: 'One.' }, { isBlocking: true, message: 'Two.' }]
  expect(doubtedOf([article({ needsReview: true, checks })])).toMatchObject([
    { kind: 'article', articleId: 'art_1', why: 'One. And 1 more.', since: '2026-11-29T11:00:00Z' }])
  expect(doubtedOf([article({ needsReview: true, decision: { revision: 1, verdict: 'REJECTED' } })])).toHaveLength(1)
  expect(doubtedOf([article({ needsReview: true, decision: { revision: 2, verdict: 'APPROVED' } })])).toEqual([])
})

test('entries: a post says what its site has answered', () => {
  expect(postsOf([post({}), post({ state: 'UNKNOWN', message: null })]).map((one) => one.why)).toEqual([
    'Blog: a person has changed the post', 'Blog: the answer of the site was lost'])
})
