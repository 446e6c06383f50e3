// The journals of settings, keys and prices.
import type { ReactNode } from 'react'
import { useRead } from '../../api/client'
import { useMay } from '../../api/viewer'
import { ApiKeyJournalDocument, PriceJournalDocument, SettingsJournalDocument } from '../../gql/graphql'
import { Empty, Loaded, Moment } from '../../ui/basic'
import { Badge } from '../../ui/badge'
import { money, words } from '../../ui/format'
import { nextOf, Pager } from '../../ui/pager'
import { usePlace } from '../../ui/place'

type Line = { at: string; actor: string; what: ReactNode; reason?: string | null }

function List({ title, lines }: { title: string; lines: Line[] }) {
  if (lines.length === 0) return <Empty title="Nothing has changed yet" />
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={title}>
      <table className="table">
        <caption className="hidden">{title}</caption>
        <thead><tr><th scope="col">Time</th><th scope="col">Change</th><th scope="col">Actor</th><th scope="col">Reason</th></tr></thead>
        <tbody>
          {lines.map((line, index) => (
            <tr key={index}><td><Moment at={line.at} /></td><td>{line.what}</td><td>{line.actor}</td><td className="reason">{line.reason}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Settings() {
  const [after, setAfter] = usePlace('settings')
  const read = useRead(SettingsJournalDocument, { first: 20, after }, { keep: true })
  return (
    <Loaded read={read} rows={3}>
      {({ viewer: { organization: { settingsJournal: { nodes, pageInfo } } } }) => (
        <>
          <List title="Journal of the settings" lines={nodes.map((node) => ({
            at: node.occurredAt, actor: node.actor, reason: node.reason,
            what: <ul className="bullets">{node.changes.map((one) => <li key={one.setting}>{words(one.setting)}: {one.before ?? 'none'} → <strong>{one.after ?? 'none'}</strong></li>)}</ul>,
          }))} />
          <Pager after={after} next={nextOf(pageInfo)} onPage={setAfter} />
        </>
      )}
    </Loaded>
  )
}

function Keys() {
  const [after, setAfter] = usePlace('keys')
  const read = useRead(ApiKeyJournalDocument, { first: 20, after }, { keep: true })
  return (
    <Loaded read={read} rows={3}>
      {({ viewer: { organization: { apiKeyJournal: { nodes, pageInfo } } } }) => (
        <>
          <List title="Journal of the API keys" lines={nodes.map((node) => ({
            at: node.occurredAt, actor: node.actor, reason: node.reason,
            what: <><Badge tone={node.kind === 'REVOKED' ? 'warn' : 'neutral'}>{words(node.kind)}</Badge> {node.apiKey.name} ({node.apiKey.role})</>,
          }))} />
          <Pager after={after} next={nextOf(pageInfo)} onPage={setAfter} />
        </>
      )}
    </Loaded>
  )
}

function Prices() {
  const [after, setAfter] = usePlace('prices')
  const read = useRead(PriceJournalDocument, { first: 20, after }, { keep: true })
  return (
    <Loaded read={read} rows={3}>
      {({ viewer: { organization: { priceJournal: { nodes, pageInfo } } } }) => (
        <>
          <List title="Journal of the own prices" lines={nodes.map((node) => ({
            at: node.occurredAt, actor: node.actor, reason: node.reason,
            what: <><Badge>{words(node.kind)}</Badge> {node.model}, {words(node.component).toLowerCase()}: {money(node.previousAmount, 'none')} → <strong>{money(node.amount)}</strong></>,
          }))} />
          <Pager after={after} next={nextOf(pageInfo)} onPage={setAfter} />
        </>
      )}
    </Loaded>
  )
}

export function Journals() {
  const may = useMay()
  return (
    <>
      {may('ACTORS') && <section className="spaced" aria-label="Settings"><h2>Settings</h2><Settings /></section>}
      {may('OVERSEE') && <section className="spaced" aria-label="API keys"><h2>API keys</h2><Keys /></section>}
      {may('CALLS') && <section className="spaced" aria-label="Prices"><h2>Own prices</h2><Prices /></section>}
    </>
  )
}
