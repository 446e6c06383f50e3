// The keywords that fit no topic, and the page that a person may put them on.
import { useState } from 'react'
import { newKey, useAct } from '../../api/client'
import { useActors } from '../../api/viewer'
import { AttachKeywordDocument } from '../../gql/graphql'
import { Button } from '../../ui/basic'
import { plural } from '../../ui/format'
import { say } from '../../ui/toast'
import { Refusal } from '../workflow/refusal'
import type { Plan, Review } from './page'

type Props = { review: Review; plan: Plan; closed: string | null; again: () => void }

export function Unclustered({ review, plan, closed, again }: Props) {
  if (review.unclustered.length === 0) return null
  return (
    <section className="card spaced" aria-labelledby="unclustered">
      <h2 id="unclustered">{plural(review.unclustered.length, 'keyword')} without a page</h2>
      <ul className="attach">
        {review.unclustered.map((one) => <Line key={one.keyword.id} one={one} review={review} plan={plan} closed={closed} again={again} />)}
      </ul>
    </section>
  )
}

function Line({ one, review, plan, closed, again }: Props & { one: Review['unclustered'][number] }) {
  const attach = useAct(AttachKeywordDocument)
  const actors = useActors()
  const [articleId, setArticle] = useState('')
  const run = async () => {
    const { payload } = await attach.run({
      actors,
      input: { workflowId: review.id, topicKeywordId: one.keyword.id, articleId: articleId || null, idempotencyKey: newKey() },
    })
    if (payload?.workflow) {
      say(`“${one.keyword.text}” has a page now.`)
      again()
    }
  }
  const refused = attach.last && (attach.last.problem || attach.last.userErrors.length > 0) ? attach.last : null
  return (
    <li>
      <span><strong>{one.keyword.text}</strong> <span className="faint">{one.nearestTopic ? `nearest: ${one.nearestTopic.label}, ${one.similarity.toFixed(2)}` : 'nothing in common with any topic'}</span></span>
      <select aria-label={`Page for ${one.keyword.text}`} value={articleId} onChange={(event) => setArticle(event.target.value)}>
        <option value="">A page of its own</option>
        {plan.items.map((item) => <option key={item.id} value={item.id}>{item.brief?.title ?? item.page.primaryKeyword.text}</option>)}
      </select>
      <Button reason={closed} isBusy={attach.isBusy} aria-label={`Put it there: ${one.keyword.text}`} onClick={() => void run()}>Put it there</Button>
      {refused && <Refusal outcome={refused} />}
    </li>
  )
}
