import { describe, expect, it } from 'vitest'
import { headsOf, isOpen, resultOf } from './verification-rules'

describe('a verification', () => {
  const run = { state: 'CLEAN', rowsRead: '12345', findingCount: 0 }
  it('has one sentence for each state', () => {
    expect(resultOf(run)).toBe('12,345 rows read, no finding.')
    expect(resultOf({ ...run, state: 'FINDINGS', findingCount: 1 })).toBe('12,345 rows read, 1 finding.')
    expect(resultOf({ ...run, state: 'FINDINGS', findingCount: 2 })).toBe('12,345 rows read, 2 findings.')
    expect(resultOf({ ...run, state: 'FAILED', failure: 'It has not ended within 15m0s.' })).toBe('It has not ended within 15m0s.')
    expect(resultOf({ ...run, state: 'RUNNING' })).toBe('12,345 rows read so far.')
    expect(['PENDING', 'RUNNING', 'CLEAN', 'FINDINGS', 'FAILED'].map(isOpen)).toEqual([true, true, false, false, false])
  })
  it('shows the heads of a checkpoint', () => {
    expect(headsOf('org_1\n17\ncm9vdA==\ntime 2026-03-01T09:30:00Z\n')).toEqual({ count: 17, root: 'cm9vdA==' })
    expect(headsOf(null)).toBeNull()
    expect(headsOf('org_1\nx\ncm9vdA==\n')).toBeNull()
  })
})
