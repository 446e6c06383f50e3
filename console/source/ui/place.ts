// The place in a list, as the address has it, so that Back leads to the page before.
import { useNavigate, useSearch } from '@tanstack/react-router'

/** A cursor in the address and a function that sets it. Several lists of one page have names of their own. */
export function usePlace(name = 'after'): [string | undefined, (next: string | undefined) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>
  const navigate = useNavigate()
  const found = search[name]
  const set = (next: string | undefined) => void navigate({
    to: '.', resetScroll: false, search: ((old: Record<string, unknown>) => ({ ...old, [name]: next })) as never,
  })
  return [typeof found === 'string' ? found.slice(0, 1000) : undefined, set]
}
