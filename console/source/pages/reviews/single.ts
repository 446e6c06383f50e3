// The articles and posts that wait for a person, apart from the gates of their workflows.
import type { InboxArticleFragment, InboxPostFragment } from '../../gql/graphql'

export type Entry = {
  id: string
  kind: 'article' | 'post'
  workflow: { id: string; name: string }
  articleId: string
  title: string
  /** Why a person must decide. */
  why: string
  since: string
}

export type InboxWorkflow = {
  id: string; name: string
  failed: { nodes: InboxArticleFragment[] }; doubted: { nodes: InboxArticleFragment[] }
}

/** The articles of some workflows that wait. A text that a person has judged waits no more. */
export function articlesOf(workflows: InboxWorkflow[]): Entry[] {
  return workflows.flatMap((workflow) => {
    const entries: Entry[] = []
    const entryOf = ({ id, title, unit: { since } }: InboxArticleFragment, why: string): Entry =>
      ({ id, kind: 'article', workflow, articleId: id, title, since, why })
    for (const article of workflow.failed.nodes) {
      if (article.unit.state === 'FAILED') entries.push(entryOf(article, article.unit.message || 'Writing it has failed.'))
    }
    for (const article of workflow.doubted.nodes) {
      if (article.unit.state !== 'DONE' || !article.needsReview || article.decision?.revision === article.revision) continue
      entries.push(entryOf(article, 'A check of the text asks for a person.'))
    }
    return entries
  })
}

/** The posts that wait. */
export function postsOf(posts: InboxPostFragment[]): Entry[] {
  return posts.map(({ id, articleId, articleTitle, state, since, message, target, workflow }) => ({
    id, kind: 'post', articleId, title: articleTitle, since, workflow,
    why: `${target.name}: ${message || (state === 'UNKNOWN' ? 'the answer of the site was lost' : 'the site has answered in another way than expected')}`,
  }))
}

/** All that waits, the oldest first. */
export const oldestFirst = (entries: Entry[]) => [...entries].sort((a, b) => a.since.localeCompare(b.since))
