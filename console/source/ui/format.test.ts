import { expect, it } from 'vitest'
import { csvOf } from './csv'
import { dateIn, money, momentIn, momentUTC, plural, share, span, words } from './format'

it('prints money exactly as the API gives it', () => {
  expect(money('0.000000000001')).toBe('$0.000000000001')
  expect(money('-1.5')).toBe('−$1.5')
  expect(money(null)).toBe('no limit')
})
it('writes moments in one time zone', () => {
  expect(momentIn('2026-07-01T22:30:00.123456Z', 'Europe/Berlin')).toBe('02 Jul 2026, 00:30:00')
  expect(momentUTC('2026-07-01T22:30:00.123456Z')).toBe('2026-07-01 22:30:00 UTC')
  expect(dateIn(new Date('2026-07-01T22:30:00Z'), 'Europe/Berlin')).toBe('2026-07-02')
})
it('writes spans', () => {
  expect([400, 4000, 65_000, 600_000, 5_400_000, 3 * 86_400_000].map(span)).toEqual(['400 ms', '4 s', '1 min 5 s', '10 min', '1 h 30 min', '3 days'])
})
it('writes constants as words', () => {
  expect(words('ICP_PENDING')).toBe('ICP pending')
  expect(words('SEED_REVIEW')).toBe('Seed review')
  expect(words('DATAFORSEO')).toBe('DataForSEO')
})
it('counts', () => {
  expect(plural(1, 'row')).toBe('1 row')
  expect(plural(12345, 'row')).toBe('12\u00a0345 rows')
  expect(share('1', '4')).toBe(0.25)
  expect(share('9', '4')).toBe(1)
  expect(share('9', null)).toBe(0)
})
it('writes CSV that a spreadsheet neither breaks nor runs', () => {
  expect(csvOf([['a,b', 'say "hi"', null, 2], ['=1+1', "'x", '-5', 'two\nlines']]))
    .toBe('"a,b","say ""hi""",,2\r\n\'=1+1,\'\'x,\'-5,"two\nlines"\r\n')
})
