import { expect, test } from 'vitest'
import type { InboxArticleFragment, InboxPostFragment } from '../../gql/graphql'
import { doubtedOf, failedOf, oldestFirst, postsOf } from './single'

const article = (change: object): InboxArticleFragment => ({
  id: 'art_1', title: 'A title', revision: 2, needsReview: false, decision: null,
  unit: { id: 'unit_1', state: 'DONE', since: '2026-11-29T10:00:00Z', failure: null, message: null }, ...change,
} as unknown as InboxArticleFragment)
const post = (change: object): InboxPostFragment => ({
  id: 'pub_1', articleId: 'art_1', articleTitle: 'A title', state: 'NEEDS_DECISION', since: '2026-11-29T09:00:00Z', failure: 'REMOTE_CONFLICT',
  message: 'a person has changed the post', target: { id: 'target_1', name: 'Blog' }, workflow: { id: 'wf_1', name: 'A workflow' }, ...change,
} as unknown as InboxPostFragment)
const workflow = { id: 'wf_1', name: 'A workflow' }
const found = (failed: InboxArticleFragment[], doubted: InboxArticleFragment[]) =>
  [...failedOf(failed.map((one) => ({ ...one, workflow }))), ...doubtedOf([{ ...workflow, doubted: { nodes: doubted } }])]

test('entries: a retry that has begun takes a failed article out', () => {
  expect(found([article({})], [])).toEqual([])
})

test('entries: a finding waits until the text is judged', () => {
  expect(found([], [article({ needsReview: true })])).toMatchObject([{ kind: 'article', articleId: 'art_1' }])
  expect(found([], [article({ needsReview: true, decision: { revision: 1, verdict: 'REJECTED' } })])).toHaveLength(1)
  expect(found([], [article({ needsReview: true, decision: { revision: 2, verdict: 'APPROVED' } })])).toEqual([])
})

test('entries: a failed article and posts wait, the oldest first', () => {
  const failed = article({ id: 'art_2', needsReview: true, unit: { id: 'unit_2', state: 'FAILED', since: '2026-11-29T10:00:00Z', failure: 'NETWORK', message: 'no answer' } })
  const lost = post({ id: 'pub_2', state: 'UNKNOWN', message: null, since: '2026-11-29T11:00:00Z' })
  const entries = oldestFirst([...postsOf([lost, post({})]), ...found([failed], [failed])])
  expect(entries.map((one) => `${one.kind} ${one.why}`)).toEqual([
    'post Blog: a person has changed the post', 'article no answer', 'post Blog: the answer of the site was lost'])
})
