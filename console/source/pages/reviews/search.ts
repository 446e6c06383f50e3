// What waits for a person, by kind, and the part of the address that chooses one.
import type { InboxCountFragment } from '../../gql/graphql'

export const kinds = ['decisions', 'failures', 'articles', 'texts', 'posts'] as const
export type Kind = (typeof kinds)[number]

export const kindLabels: Record<Kind, string> = {
  decisions: 'Decisions', failures: 'Failed workflows', articles: 'Failed articles', texts: 'Texts with findings', posts: 'Posts',
}

/** What a list without a row says: an event takes a row out before the counts are read again. */
export const noneOf: Record<Kind, string> = {
  decisions: 'No decision waits here.', failures: 'No failed workflow waits here.', articles: 'No failed article waits here.',
  texts: 'No text with findings waits here.', posts: 'No post waits here.',
}

export type ReviewSearch = { kind?: Kind; after?: string }

/** A page of the list exists only for one kind. */
export function readReviewSearch(raw: Record<string, unknown>): ReviewSearch {
  const kind = kinds.find((one) => one === raw.kind)
  return { kind, after: kind && typeof raw.after === 'string' ? raw.after.slice(0, 1000) : undefined }
}

export function countsOf(of: InboxCountFragment): Record<Kind, number> {
  return {
    decisions: of.decisions.total, failures: of.failures.total, articles: of.failedArticles.totalCount,
    texts: of.articlesToReview.totalCount, posts: of.publications.totalCount,
  }
}

/** How many things wait for a person. The menu and the page show the same sum. */
export const totalOf = (of: InboxCountFragment) => Object.values(countsOf(of)).reduce((sum, one) => sum + one, 0)
