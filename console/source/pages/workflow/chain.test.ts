import { describe, expect, it } from 'vitest'
import { journalRow, ledgerRow, microseconds, pico, verifyJournal, verifyLedger, type JournalFields, type LedgerFields } from './chain'

const organization = 'org_00000000-0000-7000-8000-00000000000a'
const workflow = 'wf_019ca000-0000-7000-8000-000000000001'

// The worked example of docs/journals.md.
const journal: JournalFields[] = [
  {
    version: 0, graphVersion: 1, kind: 'CREATE', from: null, to: 'CREATED', actor: 'ada@example.com', reason: null,
    occurredAt: '2026-03-01T09:30:00.000001Z', previousHash: '',
    hash: '8e11c63bf6c0ce8f0dbbc04258d62deb7da17f0790ea6c6204ed1acf0751c240',
  },
  {
    version: 1, graphVersion: 1, kind: 'ADVANCE', from: 'CREATED', to: 'ICP_PENDING', actor: 'zoë@example.com',
    reason: 'Los geht’s.', occurredAt: '2026-03-01T09:30:12.345678Z',
    previousHash: '8e11c63bf6c0ce8f0dbbc04258d62deb7da17f0790ea6c6204ed1acf0751c240',
    hash: '0efb1cd61686fee717fd5a74d4bf0d0c9005e90c394f5dcc00dcef699ef1a25e',
  },
]
const entry = {
  callId: null, settledDelta: '0', heldDelta: '0', settledAfter: '0', heldAfter: '0', limitAfter: '1',
  stoppedAfter: false, overage: false, reason: null,
}
const ledger: LedgerFields[] = [
  {
    ...entry, sequence: 0, kind: 'OPEN', actor: 'ada@example.com', occurredAt: '2026-03-01T09:30:00.000001Z',
    previousHash: '', hash: 'f9b4e586b48e715ff6e2e46ef27684ae5713d1d1d575a7d1d7532fa3115d1e46',
  },
  {
    ...entry, sequence: 1, kind: 'RESERVE', callId: 'call_019ca000-0000-7000-8000-000000000003', heldDelta: '0.0007272',
    heldAfter: '0.0007272', actor: 'zoë@example.com', occurredAt: '2026-03-01T09:31:00.000000Z',
    previousHash: 'f9b4e586b48e715ff6e2e46ef27684ae5713d1d1d575a7d1d7532fa3115d1e46',
    hash: '3faf6793e8725dc2771f8faf47e6571135a07551ba07e4afa04a5439861e6483',
  },
]

describe('the chain of a journal', () => {
  it('writes the canonical row of the worked example', () => {
    expect(journalRow(organization, workflow, journal[0]!)).toBe('12:transition/1,36:00000000-0000-7000-8000-00000000000a,' +
      '36:019ca000-0000-7000-8000-000000000001,1:0,1:1,6:CREATE,~,7:CREATED,15:ada@example.com,0:,16:1772357400000001,')
  })
  it('has the hashes of the worked example', async () => {
    expect(await verifyJournal(organization, workflow, journal)).toEqual({ rows: 2, head: journal[1]!.hash })
  })
  it.each([
    ['actor', 'eve@example.com'], ['reason', 'Later.'], ['to', 'CANCELLED'], ['occurredAt', '2026-03-01T09:30:12.345679Z'],
  ])('finds a changed %s', async (field, value) => {
    const verdict = await verifyJournal(organization, workflow, [journal[0]!, { ...journal[1]!, [field]: value }])
    expect(verdict).toMatchObject({ brokenAt: 1 })
  })
  it('finds a row that is gone', async () => {
    expect(await verifyJournal(organization, workflow, [journal[1]!])).toMatchObject({ brokenAt: 1 })
  })
  it('finds a row of another workflow', async () => {
    expect(await verifyJournal(organization, 'wf_019ca000-0000-7000-8000-000000000002', journal))
      .toMatchObject({ brokenAt: 0 })
  })
})

describe('the chain of a ledger', () => {
  it('has the hashes of the worked example', async () => {
    expect(await verifyLedger(organization, workflow, ledger)).toEqual({ rows: 2, head: ledger[1]!.hash })
  })
  it('finds a changed amount', async () => {
    expect(await verifyLedger(organization, workflow, [ledger[0]!, { ...ledger[1]!, heldAfter: '0.0007273' }]))
      .toMatchObject({ brokenAt: 1 })
  })
  it('writes no limit as the greatest number', () => {
    const row = ledgerRow(organization, workflow, { ...ledger[1]!, limitAfter: null }, ledger[0]!)
    expect(row).toContain('19:9223371036854775807,') // the change from 1 dollar
    expect(row).toContain('19:9223372036854775807,')
  })
})

describe('exact numbers', () => {
  it('reads amounts without rounding', () => {
    expect(pico('0.000000000001')).toBe(1n)
    expect(pico('-1.5')).toBe(-1500000000000n)
    expect(pico('9223372.036854775806')).toBe(9223372036854775806n)
  })
  it('reads moments to the microsecond', () => {
    expect(microseconds('2026-03-01T09:30:00.000001Z')).toBe(1772357400000001n)
    expect(microseconds('2026-03-01T09:30:00Z')).toBe(1772357400000000n)
  })
})
