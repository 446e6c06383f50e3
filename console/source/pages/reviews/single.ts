// The articles and posts of a workflow that wait for a person, apart from its gates.
import type { InboxArticleFragment, InboxPostFragment } from '../../gql/graphql'

export type Entry = {
  id: string
  kind: 'article' | 'post'
  articleId: string
  title: string
  /** Why a person must decide. */
  why: string
  since: string
}

/** What waits, the oldest first. A text that a person has judged waits no more. */
export function entriesOf(articles: InboxArticleFragment[], posts: InboxPostFragment[]): Entry[] {
  const entries: Entry[] = []
  for (const { id, title, unit, decision, revision, needsReview } of articles) {
    const entry = { id, kind: 'article' as const, articleId: id, title, since: unit.since }
    if (unit.state === 'FAILED') entries.push({ ...entry, why: unit.message || 'Writing it has failed.' })
    else if (unit.state === 'DONE' && needsReview && decision?.revision !== revision) {
      entries.push({ ...entry, why: 'A check of the text asks for a person.' })
    }
  }
  const titles = new Map(articles.map((one) => [one.id, one.title]))
  for (const { id, articleId, state, since, message, target } of posts) {
    if (state !== 'NEEDS_DECISION') continue
    const why = `${target.name}: ${message || 'the site has answered in another way than expected'}`
    entries.push({ id, kind: 'post', articleId, title: titles.get(articleId) ?? articleId, since, why })
  }
  return entries.sort((a, b) => a.since.localeCompare(b.since))
}
