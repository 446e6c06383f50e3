// Recomputes the hash chain of a journal or a ledger in the browser, from the canonical rows of docs/journals.md. It
// trusts nothing that the server says about hashes: it compares.

type Value = string | number | bigint | boolean | null

export type JournalFields = {
  version: number
  graphVersion: number
  kind: string
  from?: string | null
  to: string
  actor?: string
  reason?: string | null
  occurredAt: string
  hash: string
  previousHash: string
}

export type LedgerFields = {
  sequence: number
  kind: string
  callId?: string | null
  settledDelta: string
  heldDelta: string
  settledAfter: string
  heldAfter: string
  limitAfter?: string | null
  stoppedAfter: boolean
  overage: boolean
  actor: string
  reason?: string | null
  occurredAt: string
  hash: string
  previousHash: string
}

const utf8 = new TextEncoder()

/** One field: its length in bytes, a colon, its bytes, a comma; "~," for null. */
export function netstring(value: Value): string {
  if (value === null) return '~,'
  const text = String(value)
  return `${utf8.encode(text).length}:${text},`
}

/** The UUID in a public id such as wf_…. */
export const uuidOf = (id: string) => id.slice(id.indexOf('_') + 1)

/** The microseconds since 1970 of a moment as the API writes it. */
export function microseconds(at: string): bigint {
  const [, second = '', fraction = ''] = /^(.*?)(?:\.(\d{1,6}))?Z$/.exec(at) ?? []
  return BigInt(Date.parse(`${second}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'))
}

/** An amount in dollars as picodollars. */
export function pico(amount: string): bigint {
  const [, minus, whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(amount) ?? []
  const size = BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'))
  return minus ? -size : size
}

/** The ledger stores "no limit" as the greatest number. */
const unlimited = 2n ** 63n - 1n
const limitOf = (amount: string | null | undefined) => (amount === null || amount === undefined ? unlimited : pico(amount))

export function journalRow(organizationId: string, workflowId: string, row: JournalFields): string {
  const fields: Value[] = ['transition/1', uuidOf(organizationId), uuidOf(workflowId), row.version, row.graphVersion,
    row.kind, row.from ?? null, row.to, row.actor ?? '', row.reason ?? '', microseconds(row.occurredAt)]
  return fields.map(netstring).join('')
}

export function ledgerRow(organizationId: string, accountId: string, row: LedgerFields, before: LedgerFields | null): string {
  const limit = limitOf(row.limitAfter)
  const limitDelta = limit - (before ? limitOf(before.limitAfter) : 0n)
  const fields: Value[] = ['entry/1', uuidOf(organizationId), uuidOf(accountId), row.sequence, row.kind,
    row.callId ? uuidOf(row.callId) : null, pico(row.settledDelta), pico(row.heldDelta), limitDelta,
    pico(row.settledAfter), pico(row.heldAfter), limit, row.stoppedAfter, row.overage, row.actor, row.reason ?? '',
    microseconds(row.occurredAt)]
  return fields.map(netstring).join('')
}

const hexOf = (bytes: ArrayBuffer) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16))

/** sha256(previous hash ‖ canonical row), in hexadecimal. */
export async function hashOf(previousHash: string, row: string): Promise<string> {
  const [head, body] = [bytesOf(previousHash), utf8.encode(row)]
  const all = new Uint8Array(head.length + body.length)
  all.set(head)
  all.set(body, head.length)
  return hexOf(await crypto.subtle.digest('SHA-256', all))
}

export type Verdict = { rows: number; head: string } | { brokenAt: number; why: string }

type Row = { hash: string; previousHash: string }

/** Walks a whole chain. The first row that does not fit ends it. */
async function walk<T extends Row>(
  rows: T[], numberOf: (row: T) => number, canonical: (row: T, before: T | null) => string,
): Promise<Verdict> {
  let before: T | null = null
  for (const [index, row] of rows.entries()) {
    const number = numberOf(row)
    if (number !== index) return { brokenAt: number, why: `Row ${index} is missing.` }
    if (row.previousHash !== (before?.hash ?? '')) {
      return { brokenAt: number, why: 'It does not follow the row before: its previous hash is another one.' }
    }
    if ((await hashOf(row.previousHash, canonical(row, before))) !== row.hash) {
      return { brokenAt: number, why: 'Its content does not fit its hash: the row was changed.' }
    }
    before = row
  }
  return { rows: rows.length, head: before?.hash ?? '' }
}

export const verifyJournal = (organizationId: string, workflowId: string, rows: JournalFields[]) =>
  walk(rows, (row) => row.version, (row) => journalRow(organizationId, workflowId, row))

export const verifyLedger = (organizationId: string, accountId: string, rows: LedgerFields[]) =>
  walk(rows, (row) => row.sequence, (row, before) => ledgerRow(organizationId, accountId, row, before))
