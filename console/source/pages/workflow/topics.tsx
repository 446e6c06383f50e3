// The topics of the clustering: hubs and their spokes.
import { useRead } from '../../api/client'
import { useWhenChanged } from '../../api/store'
import { TopicsDocument, type TopicsQuery } from '../../gql/graphql'
import { Loaded, Synthetic } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { plural, words } from '../../ui/format'

type Found = NonNullable<TopicsQuery['workflow']>

export function Topics({ id, changes }: { id: string; changes: number }) {
  const read = useRead(TopicsDocument, { id })
  useWhenChanged(changes, read.again)
  return <Loaded read={read} rows={2}>{({ workflow }) => workflow && workflow.topics.length > 0 && <Shown found={workflow} />}</Loaded>
}

function Shown({ found }: { found: Found }) {
  const pages = found.topics.reduce((sum, topic) => sum + topic.pages.length, 0)
  const isSynthetic = found.topics.every((topic) => topic.pages.every((page) => page.primaryKeyword.isSynthetic))
  return (
    <section className="card">
      <h2>Topics {isSynthetic && <Synthetic />}</h2>
      <p className="sub">{plural(found.topics.length, 'topic')} with {plural(pages, 'page')}; each page becomes one article.</p>
      <ul className="topics">{found.topics.map((topic) => <Topic key={topic.id} topic={topic} isMarked={!isSynthetic} />)}</ul>
      {found.unclustered.length > 0 && (
        <details>
          <summary>{plural(found.unclustered.length, 'keyword')} fit no topic</summary>
          <ul className="bullets">
            {found.unclustered.map(({ keyword, nearestTopic, similarity }) => (
              <li key={keyword.id}>{keyword.text} <span className="faint">{nearestTopic ? `nearest: ${nearestTopic.label}, ${similarity.toFixed(2)}` : 'nothing in common with any'}</span></li>
            ))}
          </ul>
        </details>
      )}
      {found.droppedKeywords.length > 0 && (
        <details>
          <summary>{plural(found.droppedKeywords.length, 'keyword')} left out</summary>
          <ul className="bullets">
            {found.droppedKeywords.map((one) => <li key={one.id}>{one.text} {one.dropped && <span className="faint">{words(one.dropped)}</span>}</li>)}
          </ul>
        </details>
      )}
    </section>
  )
}

/** isMarked marks what the sandbox made up. The heading does when all is. */
function Topic({ topic, isMarked }: { topic: Found['topics'][number]; isMarked: boolean }) {
  return (
    <li>
      <h3>{topic.label} <span className="faint figure">{topic.similarity.average.toFixed(2)} alike</span></h3>
      <ul>
        {topic.pages.map((page) => (
          <li key={page.id} className={page.isHub ? 'hub' : 'spoke'}>
            {page.isHub ? <Badge tone="active">hub</Badge> : <span aria-hidden="true">└</span>} <strong>{page.primaryKeyword.text}</strong>{' '}
            {isMarked && page.primaryKeyword.isSynthetic && <Synthetic />}
            {page.keywords.length > 1 && <span className="sub">with {page.keywords.slice(1).map((one) => one.text).join(', ')}</span>}
          </li>
        ))}
      </ul>
    </li>
  )
}
