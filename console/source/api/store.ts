// A value that components can follow.
import { useEffect, useRef, useSyncExternalStore } from 'react'

export type Store<T> = {
  get: () => T
  set: (value: T) => void
  subscribe: (listener: () => void) => () => void
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get)
}

/**
 * Calls a function when a value has changed since the first time, a pause later. Several changes within it are one, and
 * changes that never pause do not hold it back. Two calls are at least `apart` milliseconds from each other.
 */
export function useWhenChanged(value: unknown, then: () => void, pause = 0, apart = 0) {
  const seen = useRef(value)
  const latest = useRef({ value, then })
  latest.current = { value, then }
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const called = useRef(-Infinity)
  useEffect(() => {
    if (Object.is(seen.current, value) || timer.current !== undefined) return
    timer.current = setTimeout(() => {
      timer.current = undefined
      called.current = performance.now()
      seen.current = latest.current.value
      latest.current.then()
    }, Math.max(pause, called.current + apart - performance.now()))
  }, [value, pause, apart])
  useEffect(() => () => {
    clearTimeout(timer.current)
    timer.current = undefined
  }, [])
}
