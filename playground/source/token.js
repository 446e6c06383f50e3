// Reads the claims of a token, for display only. The server verifies the token.

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
