// One article: its text, sources, findings, versions and cost.
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useLive, useRead } from '../../api/client'
import { useGaps } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { ArticleDocument, LiveUnitsDocument, type ArticleQuery } from '../../gql/graphql'
import { Absent } from '../../ui/absent'
import { Empty, Loaded, Moment, PageTitle, Synthetic } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { figure, plural, words } from '../../ui/format'
import { tabOptions } from '../../ui/tabs'
import { Cost } from './cost'
import { Decide } from './decide'
import { Edit, keptDraft } from './edit'
import { useArticles, type Flow } from './list'
import { Prose } from './prose'
import { parts, type Part } from './search'
import { UnitBadge } from './unit'
import { Versions } from './versions'

type Found = NonNullable<ArticleQuery['node']>
export type Article = Extract<Found, { __typename?: 'Article' }>

export function ArticlePage() {
  const { id, article } = useParams({ from: '/workflows/$id/articles/$article' })
  const read = useRead(ArticleDocument, { id: article, actors: useMay()('ACTORS') })
  const flow = useArticles(id).data?.workflow ?? null
  useLive(LiveUnitsDocument, { id }, ({ unitChanged: { unit } }) => {
    const node = read.data?.node
    if (node && 'unit' in node && node.unit.id === unit.id) read.again()
  })
  useWhenChanged(useGaps(), read.again)
  return (
    <Loaded read={read} rows={10}>
      {({ node }) => (node && 'markdown' in node
        ? <Shown key={node.id} article={node as Article} flow={flow} again={read.again} />
        : <Absent what="article" />)}
    </Loaded>
  )
}

const labels: Record<Part, string> = { text: 'Text', sources: 'Sources', checks: 'Findings', versions: 'Versions', cost: 'Cost' }

function Shown({ article, flow, again }: { article: Article; flow: Flow | null; again: () => void }) {
  const [isEditing, setEditing] = useState(() => keptDraft(article) !== null)
  const [wasPressed, setPressed] = useState(false)
  const { part = 'text' } = useSearch({ from: '/workflows/$id/articles/$article' })
  const { workflow, unit } = article
  const counts: Partial<Record<Part, number>> = { sources: article.evidence.length, checks: article.checks.length, versions: article.revision }
  return (
    <>
      <p className="crumbs">
        <Link to="/workflows">Workflows</Link> / <Link to="/workflows/$id" params={{ id: workflow.id }}>{workflow.name}</Link>
        {' '}/ <Link to="/workflows/$id/articles" params={{ id: workflow.id }}>Articles</Link> /
      </p>
      <PageTitle title={article.title}>{article.isSynthetic && <Synthetic />}<UnitBadge state={unit.state} /></PageTitle>
      <p className="sub">
        {article.brief.primaryKeyword} · {article.brief.format} · {plural(article.words, 'word')} of {figure(article.brief.targetWords)}
        {article.revision > 0 && ` · revision ${article.revision}`}
        {article.researchMode === 'NONE' && <> <Badge tone="warn">unsourced</Badge></>}
      </p>
      <Neighbours article={article} flow={flow} />
      {unit.failure && <p className="note bad">✕ {words(unit.failure)}{unit.message ? `: ${unit.message}` : ''}</p>}
      {article.needsReview && part !== 'checks' && <Findings article={article} isShort />}
      <Decide article={article} again={again} isEditing={isEditing} onEdit={() => { setPressed(true); setEditing(true) }} />
      <nav className="tabs" aria-label="Parts of the article">
        {parts.map((one) => (
          <Link key={one} to="/workflows/$id/articles/$article" params={{ id: workflow.id, article: article.id }} resetScroll={false}
            search={{ part: one === 'text' ? undefined : one }} activeOptions={tabOptions} aria-current={one === part ? 'page' : undefined} className="tab">
            {labels[one]}{counts[one] ? ` ${counts[one]}` : ''}
          </Link>
        ))}
      </nav>
      <div className="tab-body">
        {part === 'text' && (isEditing
          ? <Edit article={article} again={again} onClose={() => setEditing(false)} hasFocus={wasPressed} />
          : <Text article={article} />)}
        {part === 'sources' && <Sources article={article} />}
        {part === 'checks' && <Findings article={article} />}
        {part === 'versions' && <Versions article={article} />}
        {part === 'cost' && <Cost article={article} />}
      </div>
    </>
  )
}

/** The ways to the articles before and after this one. */
function Neighbours({ article, flow }: { article: Article; flow: Flow | null }) {
  const all = flow?.articles.nodes ?? []
  const at = all.findIndex((one) => one.id === article.id)
  const link = (label: string, other: { id: string; title: string } | undefined) => other && (
    <Link to="/workflows/$id/articles/$article" params={{ id: article.workflow.id, article: other.id }} title={other.title}>{label}</Link>
  )
  return (
    <nav className="neighbours" aria-label="Articles">
      {at < 0 ? ' ' : <>{link('← Before', all[at - 1])} <span className="faint">{at + 1} of {all.length}</span> {link('Next →', all[at + 1])}</>}
    </nav>
  )
}

function Text({ article }: { article: Article }) {
  if (article.revision === 0) {
    return (
      <Empty title={article.unit.state === 'RUNNING' ? 'The article is being written' : 'There is no text yet'}>
        {article.unit.of > 0 && <p>{article.unit.done} of {plural(article.unit.of, 'part')} are finished.</p>}
      </Empty>
    )
  }
  return (
    <div className="beside">
      <section className="card" aria-label="As readers see it">
        <p className="prose-title">{article.title}</p>
        <Prose html={article.html} />
      </section>
      <section className="card" aria-label="Markdown">
        <dl className="facts">
          <div><dt>Summary</dt><dd>{article.metaDescription || '–'}</dd></div>
          <div><dt>Address</dt><dd><code>{article.slug}</code></dd></div>
        </dl>
        <pre className="markdown" tabIndex={0} role="region" aria-label="The Markdown of the text">{article.markdown}</pre>
      </section>
    </div>
  )
}

function Findings({ article, isShort = false }: { article: Article; isShort?: boolean }) {
  const shown = article.checks.filter((check) => !isShort || check.isBlocking)
  if (shown.length === 0) return <Empty title="Nothing was found"><p>Every check of the text passed.</p></Empty>
  const list = (
    <ul className="bullets findings">
      {shown.map((check, index) => (
        <li key={index}>
          {!isShort && <Badge tone={check.isBlocking ? 'warn' : 'neutral'}>{check.isBlocking ? '◉ needs a person' : 'notice'}</Badge>}{' '}
          {check.section && <span className="faint">“{check.section}”: </span>}{check.message}
        </li>
      ))}
    </ul>
  )
  if (!isShort) return list
  return <section className="note warn" aria-label="Findings that need a person"><p className="note-title">◉ A person must decide about this article</p>{list}</section>
}

function Sources({ article }: { article: Article }) {
  if (article.evidence.length === 0) {
    return <Empty title="There is no source"><p>No evidence was found, so the text may not state figures.</p></Empty>
  }
  return (
    <ol className="feed">
      {article.evidence.map((one) => (
        <li key={one.id} className="card" data-row={one.id}>
          <p><code>{one.id}</code> <Badge tone={one.isCited ? 'good' : 'neutral'}>{one.isCited ? '✓ cited' : 'not cited'}</Badge></p>
          <blockquote className="quote">{one.quote}</blockquote>
          <p className="sub"><a href={one.url} rel="noreferrer noopener nofollow" target="_blank">{one.title || one.url}</a> · read <Moment at={one.fetchedAt} /></p>
        </li>
      ))}
    </ol>
  )
}
