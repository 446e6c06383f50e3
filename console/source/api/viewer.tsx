// The person who is signed in, for every page.
import { createContext, useCallback, useContext } from 'react'
import type { Permission, ViewerQuery } from '../gql/graphql'

export type Viewer = ViewerQuery['viewer']

export const ViewerContext = createContext<Viewer | null>(null)

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext)
  if (viewer === null) throw new Error('There is no viewer outside of the shell.')
  return viewer
}

export function useMay(): (permission: Permission) => boolean {
  const { permissions } = useViewer()
  return useCallback((permission) => permissions.includes(permission), [permissions])
}

/** Whether the person may read who did something. Operations take it as $actors. */
export const useActors = () => useMay()('ACTORS')

const rights: Partial<Record<Permission, string>> = {
  OPERATE: 'run workflows', LIMITS: 'set limits', PRICES: 'decide about prices', KEYS: 'manage API keys',
  SETTINGS: 'change settings', EXPORT: 'export', CALLS: 'see calls and the ledger', ALERTS: 'see alerts',
  ACTORS: 'see names', OVERSEE: 'see API keys and the webhook', VERIFY: 'verify the books', BOOK: 'correct costs',
}

/** Why a role may not do something: the reason on a disabled button. */
export function denied(role: string, permission: Permission): string {
  return `Your role ${role} may not ${rights[permission] ?? 'do this'}. It needs the permission ${permission}.`
}
