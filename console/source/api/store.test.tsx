import { act } from 'react'
import { createRoot } from 'react-dom/client'
import { afterEach, expect, test, vi } from 'vitest'
import { useWhenChanged } from './store'

function Follower({ value, then }: { value: number; then: () => void }) {
  useWhenChanged(value, then, 300, 3000)
  return null
}

afterEach(() => { vi.useRealTimers() })

test('store: a change is followed after a pause, and the next ones some seconds later', () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.useFakeTimers()
  const root = createRoot(document.createElement('div'))
  const then = vi.fn()
  const show = (value: number) => act(() => root.render(<Follower value={value} then={then} />))
  const pass = (time: number) => act(() => { vi.advanceTimersByTime(time) })
  show(0)
  pass(10_000)
  expect(then).toHaveBeenCalledTimes(0)
  show(1)
  pass(299)
  expect(then).toHaveBeenCalledTimes(0)
  pass(1)
  expect(then).toHaveBeenCalledTimes(1)
  show(2)
  pass(1500)
  show(3)
  pass(1499)
  expect(then).toHaveBeenCalledTimes(1)
  pass(1)
  expect(then).toHaveBeenCalledTimes(2)
  pass(10_000)
  expect(then).toHaveBeenCalledTimes(2)
  act(() => root.unmount())
})
