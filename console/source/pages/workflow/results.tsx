// The current results of the steps.
import { Link } from '@tanstack/react-router'
import { Empty, Moment, Synthetic } from '../../ui/basic'
import { plural, words } from '../../ui/format'
import type { Workflow } from './page'
import { Topics } from './topics'

export function Results({ workflow, changes }: { workflow: Workflow; changes: number }) {
  const { icp, competitors, keywords, articles } = workflow
  if (!icp && competitors.length === 0 && keywords.totalCount === 0) {
    return <Empty title="There is no result yet"><p>Results appear here as the steps finish.</p></Empty>
  }
  return (
    <div className="results">
      {icp && <Profile icp={icp} />}
      {competitors.length > 0 && <Competitors competitors={competitors} />}
      {keywords.totalCount > 0 && <Keywords workflow={workflow} />}
      {keywords.totalCount > 0 && <Topics id={workflow.id} changes={changes} />}
      {workflow.articlePlan && <Plan workflow={workflow} plan={workflow.articlePlan} />}
      {articles.totalCount > 0 && <Articles workflow={workflow} />}
      {articles.totalCount > 0 && <Publications workflow={workflow} />}
    </div>
  )
}

function Profile({ icp }: { icp: NonNullable<Workflow['icp']> }) {
  const list = (title: string, items: string[]) => (
    <div><h3>{title}</h3><ul>{items.map((item) => <li key={item}>{item}</li>)}</ul></div>
  )
  return (
    <section className="card">
      <h2>Ideal customer {icp.isSynthetic && <Synthetic />}</h2>
      <p>{icp.valueProposition}</p>
      <div className="columns">
        {list('Industries', icp.industries)}{list('Buyer roles', icp.buyerRoles)}{list('Pain points', icp.painPoints)}
      </div>
      <p className="sub">{icp.model} · {icp.provider} · <Moment at={icp.producedAt} /></p>
    </section>
  )
}

function Competitors({ competitors }: { competitors: Workflow['competitors'] }) {
  return (
    <section className="card">
      <h2>Competitors</h2>
      <ul className="competitors">
        {competitors.map((one) => (
          <li key={one.domain}>
            <strong>{one.domain}</strong> <span className="sub">{words(one.source)} · {plural(one.keywordCount, 'keyword')}</span>
            {one.warnings.map((warning) => <p key={warning} className="hint">⚠ {warning}</p>)}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Articles({ workflow: { id, articles } }: { workflow: Workflow }) {
  return (
    <section className="card">
      <h2>Articles</h2>
      <p>{plural(articles.totalCount, 'article')} of the approved plan.</p>
      <p><Link to="/workflows/$id/articles" params={{ id }}>See the articles</Link></p>
    </section>
  )
}

function Plan({ workflow: { id }, plan }: { workflow: Workflow; plan: NonNullable<Workflow['articlePlan']> }) {
  return (
    <section className="card">
      <h2>Article plan</h2>
      <p>{plural(plan.approved, 'article')} approved, {plan.rejected} rejected.</p>
      <p><Link to="/workflows/$id/plan" params={{ id }}>See the plan</Link></p>
    </section>
  )
}

function Publications({ workflow: { id, publications } }: { workflow: Workflow }) {
  return (
    <section className="card">
      <h2>Publications</h2>
      <p>{publications.totalCount === 0 ? 'Nothing is published yet.' : `${plural(publications.totalCount, 'post')} on the sites.`}</p>
      <p><Link to="/workflows/$id/publish" params={{ id }}>See the publications</Link></p>
    </section>
  )
}

function Keywords({ workflow: { id, keywords, keywordSelection } }: { workflow: Workflow }) {
  return (
    <section className="card">
      <h2>Keywords</h2>
      <p>{plural(keywords.totalCount, 'keyword')}, {keywordSelection.count} selected.</p>
      <p><Link to="/workflows/$id/keywords" params={{ id }}>See the keywords</Link></p>
    </section>
  )
}
