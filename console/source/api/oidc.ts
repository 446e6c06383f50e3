// Sign-in at an identity provider: OpenID Connect, authorization code with PKCE.
import { ended, endOf, session, signOut } from './session'
import { base, type Settings } from './settings'

type SignIn = NonNullable<Settings['signIn']>
type Endpoints = { authorization: string; token: string }
type Attempt = { verifier: string; returnTo: string; startedAt: number }

/** The page that the provider sends people back to. */
export const returnPath = `${base}/signed-in`

const attemptKey = (state: string) => `infin8.sign-in.${state}`

async function discover(issuer: string): Promise<Endpoints> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetch(address, { credentials: 'omit' })
  if (!response.ok) throw new Error(`The identity provider answered ${response.status}.`)
  const found = (await response.json()) as Record<string, unknown>
  const [authorization, token] = [found.authorization_endpoint, found.token_endpoint]
  if (found.issuer !== issuer || typeof authorization !== 'string' || typeof token !== 'string') {
    throw new Error('The identity provider did not describe itself as expected.')
  }
  return { authorization, token }
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)))

export async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))
}

/** Leaves for the provider. The state finds the verifier and the page to return to, in the storage of this tab. */
export async function beginSignIn(settings: SignIn, returnTo: string): Promise<void> {
  const { authorization } = await discover(settings.issuer)
  const [state, verifier] = [random(), random()]
  const attempt: Attempt = { verifier, returnTo, startedAt: Date.now() }
  sessionStorage.setItem(attemptKey(state), JSON.stringify(attempt))
  const address = new URL(authorization)
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: location.origin + returnPath,
    scope: settings.scopes,
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: 'S256',
  })) address.searchParams.set(name, value)
  location.assign(address)
}

/** Ends the sign-in on the page that the provider sent the person to. Returns the page to go on with. */
export async function finishSignIn(settings: SignIn, query: URLSearchParams): Promise<string> {
  const key = attemptKey(query.get('state') ?? '')
  const text = sessionStorage.getItem(key)
  sessionStorage.removeItem(key)
  const refused = query.get('error')
  if (refused !== null) {
    throw new Error(`The identity provider refused: ${query.get('error_description') ?? refused}.`.slice(0, 300))
  }
  const code = query.get('code')
  if (text === null || code === null) throw new Error('This sign-in was not begun in this tab. Begin again.')
  const { verifier, returnTo } = JSON.parse(text) as Attempt
  await exchange(settings, {
    grant_type: 'authorization_code', code, redirect_uri: location.origin + returnPath, code_verifier: verifier,
  })
  return returnTo.startsWith(`${base}/`) ? returnTo : `${base}/`
}

async function exchange(settings: SignIn, parameters: Record<string, string>): Promise<void> {
  const { token } = await discover(settings.issuer)
  const response = await fetch(token, {
    method: 'POST', credentials: 'omit',
    body: new URLSearchParams({ client_id: settings.clientId, ...parameters }),
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (!response.ok || typeof answer.access_token !== 'string') {
    const why = typeof answer.error === 'string' ? answer.error : `status ${response.status}`
    throw new Error(`The identity provider gave no token: ${why}.`)
  }
  const life = typeof answer.expires_in === 'number' ? Date.now() + answer.expires_in * 1000 : null
  ended.set('')
  session.set({
    token: answer.access_token,
    endsAt: endOf(answer.access_token) ?? life,
    refreshToken: typeof answer.refresh_token === 'string'
      ? answer.refresh_token : parameters.refresh_token ?? null,
  })
}

let renewal: Promise<boolean> | null = null

/** Gets a new token with the refresh token. Reports whether there is one. Several callers share one renewal. */
export function renew(settings: Settings): Promise<boolean> {
  const refreshToken = session.get()?.refreshToken
  if (!settings.signIn || !refreshToken) return Promise.resolve(false)
  renewal ??= exchange(settings.signIn, { grant_type: 'refresh_token', refresh_token: refreshToken })
    .then(() => true, () => false).finally(() => { renewal = null })
  return renewal
}

/** How long to wait before a renewal: a minute before the end, or half of a shorter life. */
export function waitFor(endsAt: number, now: number): number {
  const left = endsAt - now
  return Math.max(0, Math.min(left - Math.min(60_000, left / 2), 2 ** 31 - 1))
}

/** Renews tokens before they end, as long as the page lives. */
export function keepSignedIn(settings: Settings) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const plan = () => {
    clearTimeout(timer)
    const current = session.get()
    if (current === null || current.endsAt === null) return
    const { endsAt, refreshToken } = current
    const wait = refreshToken === null ? Math.min(endsAt - Date.now(), 2 ** 31 - 1) : waitFor(endsAt, Date.now())
    timer = setTimeout(async () => {
      if (session.get() !== current) return
      if (await renew(settings)) return
      const left = (session.get()?.endsAt ?? 0) - Date.now()
      if (left > 5000) timer = setTimeout(plan, 5000) // The provider may be down for a moment.
      else signOut('Your sign-in has ended. Sign in again to go on where you were.')
    }, Math.max(0, wait))
  }
  session.subscribe(plan)
  plan()
}
