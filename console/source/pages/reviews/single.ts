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

type Flow = { id: string; name: string }
export type InboxWorkflow = Flow & { doubted: { nodes: InboxArticleFragment[] } }

const entryOf = ({ id, title, unit: { since } }: InboxArticleFragment, workflow: Flow, why: string): Entry =>
  ({ id, kind: 'article', workflow: { id: workflow.id, name: workflow.name }, articleId: id, title, since, why })

/** The articles whose writing has failed. A retry that has begun takes one out before the list is read again. */
export function failedOf(articles: (InboxArticleFragment & { workflow: Flow })[]): Entry[] {
  return articles.filter(({ unit }) => unit.state === 'FAILED')
    .map((article) => entryOf(article, article.workflow, article.unit.message || 'Writing it has failed.'))
}

/** The texts of some workflows that a check doubts. A text that a person has judged waits no more. */
export function doubtedOf(workflows: InboxWorkflow[]): Entry[] {
  return workflows.flatMap((workflow) => workflow.doubted.nodes
    .filter(({ unit, needsReview, decision, revision }) => unit.state === 'DONE' && needsReview && decision?.revision !== revision)
    .map((article) => entryOf(article, workflow, 'A check of the text asks for a person.')))
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
