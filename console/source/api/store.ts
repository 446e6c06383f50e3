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

/** Calls a function when a value has changed since the first time, a pause later. Several changes within it are one. */
export function useWhenChanged(value: unknown, then: () => void, pause = 0) {
  const seen = useRef(value)
  const latest = useRef(then)
  latest.current = then
  useEffect(() => {
    if (Object.is(seen.current, value)) return
    const timer = setTimeout(() => {
      seen.current = value
      latest.current()
    }, pause)
    return () => clearTimeout(timer)
  }, [value, pause])
}
