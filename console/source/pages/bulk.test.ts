import { expect, it } from 'vitest'
import { dryRun, inTurn, whyNot } from './bulk-rules'

const row = (id: string, status: 'FAILED' | 'CANCELLED' | 'CREATED' | 'PROCESSING', isTerminal = false) => ({ id, name: id, status, isTerminal })

it('says beforehand which workflows an action can change, and why not the others', () => {
  const rows = [row('a', 'FAILED'), row('b', 'CANCELLED', true), row('c', 'CREATED'), row('d', 'CANCELLED', true)]
  expect(dryRun('cancel', rows)).toEqual({ can: [rows[0], rows[2]], cannot: [['It is cancelled.', 2]] })
  expect(dryRun('retry', rows).can).toEqual([rows[0]])
  expect(dryRun('start', rows).can).toEqual([rows[2]])
  expect(whyNot('start', row('e', 'PROCESSING'))).toBe('It is processing.')
})

it('runs each item once, a few at a time, and stops when it is over', async () => {
  const [seen, state] = [[] as number[], { running: 0, most: 0 }]
  await inTurn([1, 2, 3, 4, 5, 6, 7], 3, () => false, async (item) => {
    state.most = Math.max(state.most, ++state.running)
    await Promise.resolve()
    state.running -= 1
    seen.push(item)
  })
  expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(state.most).toBe(3)
  const few: number[] = []
  await inTurn([1, 2, 3, 4], 1, () => few.length >= 2, async (item) => { few.push(item) })
  expect(few).toEqual([1, 2])
})
