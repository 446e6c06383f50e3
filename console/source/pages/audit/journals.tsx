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
import { Rows } from '../../ui/table'

type Line = { at: string; actor: string; what: ReactNode; reason?: string | null }

function List({ title, lines }: { title: string; lines: Line[] }) {
  if (lines.length === 0) return <Empty title="Nothing has changed yet" />
  return (
    <Rows caption={title} columns={[{ label: 'Time' }, { label: 'Change' }, { label: 'Actor' }, { label: 'Reason', isText: true }]}
      lines={lines.map((line, index) => ({ key: index, cells: [<Moment at={line.at} />, line.what, line.actor, line.reason] }))} />
  )
}

/** The value of a setting; limits are money, and constants are words. */
function valueOf(setting: string, value: string | null | undefined): string {
  if (!value) return 'none'
  if (setting.endsWith('_LIMIT')) return money(value)
  if (setting.startsWith('GATE_')) return words(value)
  return setting === 'FOUR_EYES' ? (value === 'true' ? 'On' : 'Off') : value
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
            what: <ul className="bullets">{node.changes.map((one) => <li key={one.setting}>{words(one.setting)}: {valueOf(one.setting, one.before)} → <strong>{valueOf(one.setting, one.after)}</strong></li>)}</ul>,
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
            what: <span><Badge tone={node.kind === 'REVOKED' ? 'warn' : 'neutral'}>{words(node.kind)}</Badge> {node.apiKey.name} ({node.apiKey.role})</span>,
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
            what: <span><Badge>{words(node.kind)}</Badge> {node.model}, {words(node.component).toLowerCase()}: {money(node.previousAmount, 'none')} → <strong>{money(node.amount)}</strong></span>,
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
