// The review of a workflow's keywords.
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useState, type ReactNode } from 'react'
import { newKey, useAct, useLive, useRead } from '../../api/client'
import { connections } from '../../api/live'
import { useStore, useWhenChanged } from '../../api/store'
import { denied, useActors, useMay, useViewer } from '../../api/viewer'
import { DecideKeywordsDocument, KeywordsDocument, LiveWorkflowDocument, type KeywordChoice, type KeywordRowFragment, type KeywordsQuery } from '../../gql/graphql'
import { Absent } from '../../ui/absent'
import { Button, Empty, Loaded, Money, PageTitle, Synthetic } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { FilterForm } from '../../ui/filter-form'
import { Forecast } from '../../ui/forecast'
import { figure, money, plural, words } from '../../ui/format'
import { LateInput } from '../../ui/late-input'
import { nextOf, Pager } from '../../ui/pager'
import { searchId } from '../../ui/keys'
import { say } from '../../ui/toast'
import { choices, fields, intents, keywordFilterOf, type KeywordSearch } from '../keywords-search'
import { Refusal } from '../workflow/refusal'
import { AddDialog, ApproveDialog, RejectDialog } from './dialogs'

export type Review = NonNullable<KeywordsQuery['workflow']>

const pageSize = 50

function useChange() {
  const navigate = useNavigate({ from: '/workflows/$id/keywords' })
  return (change: Partial<KeywordSearch>, replace = false) => navigate({
    replace, resetScroll: false, search: (old) => ({ ...old, after: undefined, ...change }),
  })
}

export function KeywordsPage() {
  const { id } = useParams({ from: '/workflows/$id/keywords' })
  const search = useSearch({ from: '/workflows/$id/keywords' })
  const actors = useMay()('ACTORS')
  const order = search.order ?? 'SCORE'
  const read = useRead(KeywordsDocument, {
    id, filter: keywordFilterOf(search), first: pageSize, after: search.after, actors,
    orderBy: { field: order, direction: order === 'TEXT' || order === 'DIFFICULTY' ? 'ASC' : 'DESC' },
  }, { keep: true })
  useLive(LiveWorkflowDocument, { id, actors }, ({ workflowTransitioned: event }) => {
    if (event.resync || event.workflow?.version !== read.data?.workflow?.version) read.again()
  })
  useWhenChanged(useStore(connections), read.again)
  useEffect(() => { // Another person may have decided while this page was out of sight.
    window.addEventListener('focus', read.again)
    return () => window.removeEventListener('focus', read.again)
  }, [read.again])
  return (
    <Loaded read={read} rows={10}>
      {({ workflow }) => (workflow
        ? <Shown review={workflow} search={search} again={read.again} />
        : <Absent what="workflow" />)}
    </Loaded>
  )
}

function Shown({ review, search, again }: { review: Review; search: KeywordSearch; again: () => void }) {
  const { nodes, pageInfo, totalCount } = review.keywords
  const closed = useClosed(review)
  const decide = useDecide(review)
  const change = useChange()
  return (
    <>
      <p className="crumbs">
        <Link to="/workflows">Workflows</Link> / <Link to="/workflows/$id" params={{ id: review.id }}>{review.name}</Link> /
      </p>
      <PageTitle title="Keyword review" />
      <Decision review={review} closed={closed} again={again} />
      <Filters search={search} review={review} />
      <Bulk search={search} total={totalCount} closed={closed} decide={decide} />
      {decide.refusal}
      {nodes.length === 0
        ? <Empty title="No keyword matches"><p>Clear a filter, or add keywords of your own.</p></Empty>
        : <Table rows={nodes} closed={closed} decide={decide} />}
      <Pager after={search.after} next={nextOf(pageInfo)} onPage={(after) => change({ after })} />
    </>
  )
}

/** Why nothing can be decided now; null when it can. */
function useClosed(review: Review): string | null {
  const { role } = useViewer()
  const may = useMay()
  if (!may('OPERATE')) return denied(role, 'OPERATE')
  if (review.state !== 'SEED_REVIEW_PENDING') return 'The workflow does not wait for this review now.'
  return null
}

type Decide = ReturnType<typeof useDecide>

/** Decides about some keywords, or about all of a filter. */
function useDecide(review: Review) {
  const act = useAct(DecideKeywordsDocument)
  const actors = useActors()
  const run = async (choice: KeywordChoice, which: { ids: string[] } | { where: ReturnType<typeof keywordFilterOf> }) => {
    const { payload } = await act.run({ actors, input: { workflowId: review.id, choice, idempotencyKey: newKey(), ...which } })
    if (payload?.selection) say(`${plural(payload.affected, 'keyword')} changed. ${payload.selection.count} selected.`)
  }
  const refused = act.last && (act.last.problem || act.last.userErrors.length > 0)
  const refusal: ReactNode = refused && act.last ? <Refusal outcome={act.last} /> : null
  return { run, isBusy: act.isBusy, refusal }
}

/** The selection, the money, and the two ways on. */
function Decision({ review, closed, again }: { review: Review; closed: string | null; again: () => void }) {
  const [open, setOpen] = useState<'approve' | 'reject' | 'add' | null>(null)
  const { count } = review.keywordSelection
  const tooFew = count < 2 ? 'Select at least 2 keywords.' : count > 100 ? 'Select at most 100 keywords.' : null
  const close = () => { setOpen(null); again() }
  const gate = review.gates.find((one) => one.key === 'SEEDS')
  const last = gate?.decisions?.[0]
  return (
    <section className="card decision" aria-label="Decision">
      <p className="decision-count"><strong>{count}</strong> selected</p>
      <Forecast forecast={review.keywordSelection.forecast} />
      <p className="sub">{money(review.spend.settled)} of {money(review.spend.limit)} is spent, {money(review.spend.remaining, 'no limit')} remains.
        {gate?.fourEyes && ' Another person than the one who prepared the selection must approve it.'}</p>
      <div className="buttons">
        <Button kind="primary" reason={closed ?? tooFew} onClick={() => setOpen('approve')}>Approve {plural(count, 'keyword')}</Button>
        <Button reason={closed} onClick={() => setOpen('reject')}>Send back</Button>
        <Button reason={closed} onClick={() => setOpen('add')}>Add keywords</Button>
      </div>
      {last && (
        <p className="sub">Last decision: {words(last.verdict)} by {last.decidedBy}
          {last.feedback ? `: “${last.feedback}”` : '.'}</p>
      )}
      {open === 'approve' && <ApproveDialog review={review} onClose={close} again={again} />}
      {open === 'reject' && <RejectDialog review={review} onClose={close} />}
      {open === 'add' && <AddDialog review={review} onClose={close} />}
    </section>
  )
}

function Filters({ search, review }: { search: KeywordSearch; review: Review }) {
  const change = useChange()
  const select = <T extends string>(label: string, name: keyof KeywordSearch, values: readonly T[], any: string | null = 'Any') => (
    <label>{label}
      <select value={String(search[name] ?? '')} onChange={(event) => change({ [name]: event.target.value || undefined })}>
        {any !== null && <option value="">{any}</option>}
        {values.map((value) => <option key={value} value={value}>{/^[A-Z_]+$/.test(value) ? words(value) : value}</option>)}
      </select>
    </label>
  )
  const number = (label: string, name: 'volume' | 'difficulty') => (
    <LateInput label={label} type="number" value={search[name] === undefined ? '' : String(search[name])}
      onChange={(text) => change({ [name]: text === undefined ? undefined : Number(text) }, true)} />
  )
  return (
    <FilterForm count={[search.intent, search.language, search.volume, search.difficulty, search.competitor, search.choice].filter((one) => one !== undefined).length}>
      <LateInput id={searchId} label="Contains" value={search.text} onChange={(text) => change({ text }, true)} />
      {select('Intent', 'intent', intents)}
      <LateInput label="Language" value={search.language} onChange={(language) => change({ language }, true)} />
      {number('Volume from', 'volume')}
      {number('Difficulty to', 'difficulty')}
      {review.competitors.length > 0 && select('Competitor', 'competitor', review.competitors.map((one) => one.domain))}
      <label>Decision
        <select value={search.choice ?? ''} onChange={(event) => change({ choice: (event.target.value || undefined) as KeywordSearch['choice'] })}>
          <option value="">Any</option>
          {choices.map((choice) => <option key={choice} value={choice}>{choice === 'CLEARED' ? 'None yet' : words(choice)}</option>)}
        </select>
      </label>
      {select('Order', 'order', fields, null)}
    </FilterForm>
  )
}

type BulkProps = { search: KeywordSearch; total: number; closed: string | null; decide: Decide }

/** Decides about everything that the filter chooses, on all pages. */
function Bulk({ search, total, closed, decide }: BulkProps) {
  const where = keywordFilterOf(search)
  const none = total === 0 ? 'The filter chooses no keyword.' : null
  const button = (choice: KeywordChoice, label: string) => (
    <Button reason={closed ?? none} isBusy={decide.isBusy} onClick={() => void decide.run(choice, { where })}>{label}</Button>
  )
  return (
    <div className="bulk">
      <p role="status">{plural(total, 'keyword')}</p>
      {button('SELECTED', `Select all ${total}`)}{button('REJECTED', `Reject all ${total}`)}{button('CLEARED', 'Clear all')}
    </div>
  )
}

function Table({ rows, closed, decide }: { rows: KeywordRowFragment[]; closed: string | null; decide: Decide }) {
  return (
    <div className="table-box">
      <table className="table cards keywords">
        <caption className="hidden">Keywords</caption>
        <thead>
          <tr>
            <th scope="col">Keyword</th><th scope="col">Decision</th><th scope="col" className="right">Score</th>
            <th scope="col" className="right">Volume</th><th scope="col" className="right">Difficulty</th>
            <th scope="col" className="right">Click</th><th scope="col">Intent</th><th scope="col">Source</th>
          </tr>
        </thead>
        <tbody>{rows.map((row) => <Row key={row.id} row={row} closed={closed} decide={decide} />)}</tbody>
      </table>
    </div>
  )
}

const unknown = <span className="faint" title="Unknown: the engine invents no figure.">–</span>

function Row({ row, closed, decide }: { row: KeywordRowFragment; closed: string | null; decide: Decide }) {
  const choose = (choice: KeywordChoice, sign: string, label: string) => (
    <Button className="choice" aria-pressed={row.choice === choice} aria-label={`${label}: ${row.text}`} reason={closed}
      onClick={() => void decide.run(row.choice === choice ? 'CLEARED' : choice, { ids: [row.id] })}>{sign}</Button>
  )
  return (
    <tr data-row={row.id}>
      <th scope="row">
        <details className="keyword"><summary>{row.text}</summary>
          <ul>{row.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>
          {row.decidedBy && <p className="sub">Decided by {row.decidedBy}{row.isCarried ? ', carried over' : ''}</p>}
        </details>
      </th>
      <td data-label="Decision" className="choices">
        {choose('SELECTED', '✓', 'Select')}{choose('REJECTED', '✕', 'Reject')}
        {row.choice && <Badge tone={row.choice === 'SELECTED' ? 'good' : 'neutral'}>{words(row.choice)}</Badge>}
      </td>
      <td data-label="Score" className="right figure">{row.score.toFixed(2)}</td>
      <td data-label="Volume" className="right figure">{row.volume == null ? unknown : figure(row.volume)}</td>
      <td data-label="Difficulty" className="right figure">{row.difficulty ?? unknown}</td>
      <td data-label="Click" className="right">{row.cpc ? <Money amount={row.cpc} /> : unknown}</td>
      <td data-label="Intent"><span>{row.intent ? words(row.intent) : unknown}<span className="sub">{row.language}</span></span></td>
      <td data-label="Source"><span>{words(row.source)} {row.isSynthetic && <Synthetic />}<span className="sub">{row.competitor}</span></span></td>
    </tr>
  )
}
