import { expect, test } from 'vitest'
import type { InboxCountFragment } from '../../gql/graphql'
import { countsOf, readReviewSearch, totalOf } from './search'

test('an address names a kind, and only then a page', () => {
  expect(readReviewSearch({ kind: 'texts', after: 'c' })).toEqual({ kind: 'texts', after: 'c' })
  expect(readReviewSearch({ kind: 'others', after: 'c' })).toEqual({})
  expect(readReviewSearch({ kind: 'posts', after: 7 })).toEqual({ kind: 'posts' })
})

test('the sum counts each kind once', () => {
  const counted = {
    decisions: { total: 1 }, failures: { total: 2 }, failedArticles: { totalCount: 4 }, articlesToReview: { totalCount: 8 },
    publications: { totalCount: 16 },
  } as InboxCountFragment
  expect(countsOf(counted)).toEqual({ decisions: 1, failures: 2, articles: 4, texts: 8, posts: 16 })
  expect(totalOf(counted)).toBe(31)
})
