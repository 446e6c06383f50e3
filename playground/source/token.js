// Reads the claims of a token, for display only. The server verifies the token.

const place = 'token'

/** Returns the token that this tab has kept. Another tab has its own; the storage ends with the tab. */
export function kept() {
  const token = sessionStorage.getItem(place) ?? ''
  return (claimsOf(token)?.exp ?? Infinity) * 1000 > Date.now() ? token : ''
}

/** Keeps a token for this tab. */
export function keep(token) {
  if (token === '') sessionStorage.removeItem(place)
  else sessionStorage.setItem(place, token)
}

export function claimsOf(token) {
  try {
    const bytes = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))))
  } catch {
    return null
  }
}

export function timeLeft(end) {
  const minutes = Math.floor((end * 1000 - Date.now()) / 60_000)
  if (minutes < 0) return 'expired'
  if (minutes < 1) return 'less than a minute left'
  return minutes < 120 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h left`
}
