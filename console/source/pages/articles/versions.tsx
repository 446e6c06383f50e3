// The versions of an article, and the difference of two of them.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useRead } from '../../api/client'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { ArticleVersionsDocument, type ArticleVersionsQuery } from '../../gql/graphql'
import { Empty, Loaded, Moment, Synthetic } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { plural } from '../../ui/format'
import { Difference } from './difference'
import type { Article } from './page'

type Node = NonNullable<ArticleVersionsQuery['node']>
type Version = Extract<Node, { versions: unknown }>['versions']['nodes'][number]

export function Versions({ article }: { article: Article }) {
  const read = useRead(ArticleVersionsDocument, { id: article.id, first: 100, actors: useMay()('ACTORS') })
  useWhenChanged(article.revision, read.again)
  return (
    <Loaded read={read}>
      {({ node }) => {
        const all = node && 'versions' in node ? node.versions.nodes : []
        return all.length === 0 ? <Empty title="There is no version yet" /> : <Shown article={article} all={all} />
      }}
    </Loaded>
  )
}

function Shown({ article, all }: { article: Article; all: Version[] }) {
  const search = useSearch({ from: '/workflows/$id/articles/$article' })
  const navigate = useNavigate({ from: '/workflows/$id/articles/$article' })
  const to = all.find((one) => one.revision === search.to) ?? all.at(-1)!
  const from = all.find((one) => one.revision === search.from) ?? all.findLast((one) => one.revision < to.revision)
  const choose = (name: 'from' | 'to', value: string) =>
    navigate({ replace: true, resetScroll: false, search: (old) => ({ ...old, [name]: Number(value) }) })
  const select = (label: string, name: 'from' | 'to', chosen: Version) => (
    <label>{label}
      <select value={chosen.revision} onChange={(event) => choose(name, event.target.value)}>
        {all.map((one) => <option key={one.revision} value={one.revision}>Revision {one.revision}</option>)}
      </select>
    </label>
  )
  return (
    <>
      <ol className="feed">{all.toReversed().map((one) => <Line key={one.revision} version={one} isLast={one.revision === article.revision} />)}</ol>
      {from && (
        <section className="card spaced" aria-label="Difference">
          <h2>Difference</h2>
          <form className="filters" onSubmit={(event) => event.preventDefault()}>{select('From', 'from', from)}{select('To', 'to', to)}</form>
          <Difference before={from} after={to} />
        </section>
      )}
    </>
  )
}

function Line({ version, isLast }: { version: Version; isLast: boolean }) {
  return (
    <li className="card" data-row={version.revision}>
      <p>
        <strong>Revision {version.revision}</strong> {isLast && <Badge tone="active">current</Badge>}{' '}
        <Badge>{version.author === 'PERSON' ? 'by a person' : 'by the engine'}</Badge> {version.isSynthetic && <Synthetic />}{' '}
        {version.needsReview && <Badge tone="warn">◉ needs a person</Badge>}
      </p>
      <p className="sub">
        {version.title} · {plural(version.words, 'word')} · <Moment at={version.createdAt} />{version.actor ? ` by ${version.actor}` : ''}{version.reason ? `: “${version.reason}”` : ''}
        {typeof version.basedOn === 'number' && ` · from revision ${version.basedOn}`}
        {typeof version.brandRevision === 'number' && ` · brand voice ${version.brandRevision}`}
      </p>
    </li>
  )
}
