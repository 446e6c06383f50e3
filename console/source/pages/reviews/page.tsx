// Everything that waits for a person, by kind, the oldest first.
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import { useLive, useRead } from '../../api/client'
import { readsApart, useNews } from '../../api/events'
import { useWhenChanged } from '../../api/store'
import { useMay } from '../../api/viewer'
import { InboxCountsDocument, InboxWorkDocument, LiveUnitsDocument } from '../../gql/graphql'
import { Empty, Loaded, PageTitle } from '../../ui/basic'
import { nextOf, Pager } from '../../ui/pager'
import { countsOf, kindLabels, kinds, noneOf, totalOf, type Kind } from './search'
import { useList } from './lists'

/** The rows of a kind on the page of all kinds, and on that of one kind. */
const fewRows = 20
const pageSize = 50

export function ReviewsPage() {
  const { kind, after } = useSearch({ from: '/reviews' })
  const counts = useRead(InboxCountsDocument, {})
  const work = useRead(InboxWorkDocument, {})
  const [ended, setEnded] = useState(0)
  const news = `${useNews()} ${ended}`
  useWhenChanged(ended, counts.again, 300, readsApart)
  useWhenChanged(news, work.again, 1000, readsApart)
  return (
    <>
      <PageTitle title="Reviews" />
      {work.data?.workflows.nodes.map(({ id }) => <Watch key={id} id={id} onEnd={() => setEnded((count) => count + 1)} />)}
      <Loaded read={counts}>
        {({ viewer: { organization } }) => {
          const waiting = countsOf(organization)
          const shown = kind ? [kind] : kinds.filter((one) => waiting[one] > 0)
          return (
            <>
              <Kinds current={kind} counts={waiting} total={totalOf(organization)} />
              {shown.map((one) => <Section key={`${one} ${kind ?? ''}`} kind={one} isAlone={one === kind} after={after} news={news} total={waiting[one]} />)}
              {shown.length === 0 && <Nothing />}
            </>
          )
        }}
      </Loaded>
    </>
  )
}

const Nothing = () => <Empty title="Nothing waits for a person"><p>Reviews and failures appear here as workflows reach them.</p></Empty>

/** Says when the work on an article or a post of a workflow has ended. */
function Watch({ id, onEnd }: { id: string; onEnd: () => void }) {
  useLive(LiveUnitsDocument, { id }, ({ unitChanged: { unit } }) => { if (unit.state !== 'RUNNING') onEnd() })
  return null
}

function Kinds({ current, counts, total }: { current?: Kind; counts: Record<Kind, number>; total: number }) {
  const navigate = useNavigate({ from: '/reviews' })
  const chip = (kind: Kind | undefined, count: number) => (
    <button key={kind ?? 'all'} type="button" className="chip" aria-pressed={current === kind}
      onClick={() => void navigate({ resetScroll: false, search: { kind: current === kind ? undefined : kind } })}>
      {kind ? kindLabels[kind] : 'All'} <span className="count">{count}</span>
    </button>
  )
  return <div className="chips" role="group" aria-label="Kind">{chip(undefined, total)}{kinds.map((kind) => chip(kind, counts[kind]))}</div>
}

type SectionProps = { kind: Kind; isAlone: boolean; after?: string; news: string; total: number }

function Section({ kind, isAlone, after, news, total }: SectionProps) {
  const navigate = useNavigate({ from: '/reviews' })
  const actors = useMay()('ACTORS')
  const { read, rows, pageInfo } = useList(kind, { first: isAlone ? pageSize : fewRows, after: isAlone ? after : undefined, actors })
  useWhenChanged(news, read.again, 300, readsApart)
  return (
    <section aria-labelledby={kind} className="spaced">
      <h2 id={kind}>{kindLabels[kind]} <span className="count">{total}</span></h2>
      <Loaded read={read} rows={1}>
        {() => <Listed kind={kind} rows={rows} />}
      </Loaded>
      {isAlone && pageInfo && <Pager after={after} next={nextOf(pageInfo)} onPage={(next) => void navigate({ search: { kind, after: next } })} />}
      {!isAlone && pageInfo?.hasNextPage && (
        <p><Link to="/reviews" search={{ kind }}>Show all {total}: {kindLabels[kind].toLowerCase()}</Link></p>
      )}
    </section>
  )
}

function Listed({ kind, rows }: { kind: Kind; rows: ReactNode[] }) {
  if (rows.length === 0) return <p className="hint">{noneOf[kind]}</p>
  return <ul className="feed">{rows}</ul>
}
