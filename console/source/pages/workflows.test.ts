import { describe, expect, it } from 'vitest'
import { isOvertaken } from '../api/events'
import { waiting } from './workflows'
import { dayStart, filterOf, orderOf, readSearch } from './workflows-search'
import { keywordFilterOf, readKeywordSearch } from './keywords-search'
import { absolute, listOf, missing } from './new-workflow'
import { daysOf, rangeOf } from './spend/search'

describe('the search part of an address', () => {
  it('keeps what it understands and drops the rest', () => {
    expect(readSearch({ status: 'FAILED', step: 'NONE', text: ' a ', from: '2026-13', order: 'stuck', evil: '<script>' }))
      .toEqual({ status: 'FAILED', text: ' a ', order: 'stuck' })
    expect(readSearch({ text: 'x'.repeat(999) }).text).toHaveLength(200)
    expect(readSearch({ text: 42 }).text).toBe('42')
  })
  it('becomes the filter of the API', () => {
    const search = readSearch({ status: 'FAILED', step: 'ICP', text: 'acme', creator: 'ada', from: '2026-03-01', to: '2026-03-31' })
    expect(filterOf(search, 'UTC', true)).toEqual({
      statuses: ['FAILED'], steps: ['ICP'], nameContains: 'acme', createdBy: 'ada',
      createdFrom: '2026-03-01T00:00:00.000Z', createdTo: '2026-04-01T00:00:00.000Z',
    })
    expect(filterOf(search, 'UTC', false)).not.toHaveProperty('createdBy')
    const now = Date.parse('2026-03-31T12:00:00Z')
    expect(filterOf(readSearch({ still: 'day' }), 'UTC', true, now)).toEqual({ updatedBefore: '2026-03-30T12:00:00.000Z' })
    expect(readSearch({ still: 'year' }).still).toBeUndefined()
    expect(orderOf({})).toEqual({ field: 'CREATED_AT', direction: 'DESC' })
  })
  it('begins a day where the time zone does, also when clocks change', () => {
    expect(dayStart('2026-07-01', 'Europe/Berlin')).toBe('2026-06-30T22:00:00.000Z')
    expect(dayStart('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z')
    expect(dayStart('2026-03-30', 'Europe/Berlin')).toBe('2026-03-29T22:00:00.000Z')
    expect(dayStart('2026-10-26', 'Europe/Berlin')).toBe('2026-10-25T23:00:00.000Z')
    expect(dayStart('2026-01-01', 'Asia/Kathmandu')).toBe('2025-12-31T18:15:00.000Z')
  })
  it('reads the filter of keywords', () => {
    const search = readKeywordSearch({ intent: 'COMMERCIAL', volume: '100', difficulty: -1, choice: 'CLEARED', text: 'crm' })
    expect(keywordFilterOf(search)).toEqual({ search: 'crm', intents: ['COMMERCIAL'], choices: ['CLEARED'], volume: { min: 100 } })
  })
})

describe('changes that wait behind a button', () => {
  const event = (number: number, workflowId: string, from: string | null) =>
    ({ number, workflowId, version: number, from, to: 'CREATED', actor: null, at: '' })
  it('counts new workflows that are not on the page', () => {
    const events = [event(3, 'wf_c', null), event(2, 'wf_a', 'CREATED'), event(1, 'wf_b', null)]
    expect(waiting(events, 0, [{ id: 'wf_a' }], {})).toBe(2)
    expect(waiting(events, 1, [{ id: 'wf_a' }], {})).toBe(1)
    expect(waiting(events, 0, [{ id: 'wf_b' }, { id: 'wf_c' }], {})).toBe(0)
    expect(waiting(events, 0, [{ id: 'wf_b' }, { id: 'wf_c' }], { still: 'day' })).toBe(3)
  })
  it('finds rows that an event overtook', () => {
    const events = [event(4, 'wf_a', 'CREATED'), event(3, 'wf_a', null)]
    expect(isOvertaken({ id: 'wf_a', version: 3 }, events)).toBe(true)
    expect(isOvertaken({ id: 'wf_a', version: 4 }, events)).toBe(false)
    expect(isOvertaken({ id: 'wf_b', version: 0 }, events)).toBe(false)
  })
  it('counts every workflow once where each transition may reorder the list', () => {
    const events = [event(2, 'wf_a', 'CREATED'), event(1, 'wf_a', 'CREATED')]
    expect(waiting(events, 0, [{ id: 'wf_a' }], { order: 'moved' })).toBe(1)
    expect(waiting(events, 0, [{ id: 'wf_a' }], { status: 'FAILED' })).toBe(1)
  })
})

describe('the form of a new workflow', () => {
  it('takes an address as people type it', () => {
    expect(absolute('acme.example')).toBe('https://acme.example')
    expect(absolute('http://acme.example')).toBe('http://acme.example')
    expect(absolute(' ')).toBe('')
  })
  it('reads competitors and says what is missing', () => {
    expect(listOf('a.example, b.example\nc.example;')).toEqual(['a.example', 'b.example', 'c.example'])
    const form = { name: '', company: 'Acme', url: 'acme.example', linkedin: '', competitors: '', limit: '', start: true }
    expect(missing(form)).toBeNull()
    expect(missing({ ...form, url: ' ' })).toContain('website')
    expect(missing({ ...form, competitors: 'a b c d e f' })).toContain('5')
  })
})

describe('the days of the spend page', () => {
  it('ends today', () => {
    expect(rangeOf('month', '2026-03-15')).toEqual({ from: '2026-03-01', to: '2026-03-16' })
    expect(rangeOf('last30', '2026-03-15')).toEqual({ from: '2026-02-14', to: '2026-03-16' })
    expect(daysOf(rangeOf('last30', '2026-03-15'))).toHaveLength(30)
  })
})
