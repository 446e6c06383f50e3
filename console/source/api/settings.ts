// The settings of this server's console, which it gives before a person signs in.

export type Settings = {
  /** The identity provider, if people can sign in there. */
  signIn: { issuer: string; clientId: string; scopes: string } | null
  /** Whether a pasted token or a link with a token signs in. */
  tokens: boolean
  /** A sentence for each page; '' for none. */
  notice: string
  playground: boolean
}

export const base = '/console'

export async function loadSettings(): Promise<Settings> {
  const response = await fetch(`${base}/settings.json`) // As the page's preload does, so that they are one request.
  if (!response.ok) throw new Error(`The server answered ${response.status} for the console's settings.`)
  return response.json() as Promise<Settings>
}
