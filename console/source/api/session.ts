// The token of the person who is signed in. A token from the issuer stays in memory. A pasted token also stays in the
// storage of this tab, so that a reload keeps it; it ends with the tab.
import { createStore } from './store'

export type Session = {
  token: string
  /** When the token ends, in milliseconds; null when it does not say. */
  endsAt: number | null
  /** Gets a new token before the end; null when a person must sign in again. */
  refreshToken: string | null
}

/** Null: not signed in. */
export const session = createStore<Session | null>(null)
/** The sentence on the sign-in page after a session ended; '' for none. */
export const ended = createStore('')

const kept = 'infin8.token'

export function signInWithToken(text: string): string | null {
  const token = text.trim().replace(/^bearer\s+/i, '')
  if (token === '') return 'Paste a token.'
  if (token.length > 8192 || /\s/.test(token)) return 'This is not a token: it has spaces or is too long.'
  const endsAt = endOf(token)
  if (endsAt !== null && endsAt <= Date.now()) return 'This token has expired.'
  sessionStorage.setItem(kept, token)
  ended.set('')
  session.set({ token, endsAt, refreshToken: null })
  return null
}

export function restoreToken(): boolean {
  const token = sessionStorage.getItem(kept)
  return token !== null && signInWithToken(token) === null
}

/** Ends the session. The sentence says why, when it was not the person's wish. */
export function signOut(why = '') {
  sessionStorage.removeItem(kept)
  ended.set(why)
  session.set(null)
}

/** The token in the part of an address after #, if there is one. */
export function tokenIn(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token')
}

/** The end of a token in milliseconds, for display and renewal only: the server verifies the token. */
export function endOf(token: string): number | null {
  try {
    const part = token.split('.')[1] ?? ''
    const text = atob(part.replaceAll('-', '+').replaceAll('_', '/'))
    const { exp } = JSON.parse(text) as { exp?: unknown }
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : null
  } catch {
    return null
  }
}
