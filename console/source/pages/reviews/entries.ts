// The single articles and posts that wait for a person.
import type { InboxArticleFragment, InboxPostFragment, InboxTextsQuery } from '../../gql/graphql'

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

type Text = InboxTextsQuery['viewer']['organization']['articlesToReview']['nodes'][number]

const entryOf = ({ id, title, workflow: { id: flow, name } }: InboxArticleFragment, why: string, since: string): Entry =>
  ({ id, kind: 'article', workflow: { id: flow, name }, articleId: id, title, since, why })

/** The articles whose writing has failed. A retry that has begun takes one out before the list is read again. */
export function failedOf(articles: InboxArticleFragment[]): Entry[] {
  return articles.filter(({ unit }) => unit.state === 'FAILED')
    .map((article) => entryOf(article, article.unit.message || 'Writing it has failed.', article.unit.since))
}

/** The texts that a check doubts. A text that a person has judged waits no more. */
export function doubtedOf(articles: Text[]): Entry[] {
  return articles
    .filter(({ unit, needsReview, decision, revision }) => unit.state === 'DONE' && needsReview && decision?.revision !== revision)
    .map((article) => {
      const [finding, ...more] = article.checks.filter((check) => check.isBlocking)
      const others = more.length === 0 ? '' : ` And ${more.length} more.`
      return entryOf(article, finding ? finding.message + others : 'A check of the text asks for a person.',
        article.last.nodes[0]?.createdAt ?? article.unit.since)
    })
}

/** The posts that wait. */
export function postsOf(posts: InboxPostFragment[]): Entry[] {
  return posts.map(({ id, articleId, articleTitle, state, since, message, target, workflow }) => ({
    id, kind: 'post', articleId, title: articleTitle, since, workflow,
    why: `${target.name}: ${message || (state === 'UNKNOWN' ? 'the answer of the site was lost' : 'the site has answered in another way than expected')}`,
  }))
}
