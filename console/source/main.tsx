import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from '@tanstack/react-router'
import { Provider } from 'urql'
import { createApi } from './api/client'
import { beginSignIn, finishSignIn, keepSignedIn, returnPath } from './api/oidc'
import { ended, restoreToken, session, signInWithToken, tokenIn } from './api/session'
import { base, loadSettings, type Settings } from './api/settings'
import { createAppRouter } from './router'
import { restoreTheme } from './ui/theme'
import { hideTipsByEscape } from './ui/tips'

/** Signs in from the address, if it has a token or an answer of the issuer, and removes both from the address. */
async function enter(settings: Settings): Promise<void> {
  const token = settings.tokens ? tokenIn(location.hash) : null
  if (token !== null) {
    history.replaceState(null, '', location.pathname + location.search)
    ended.set(signInWithToken(token) ?? '')
    return
  }
  if (location.pathname === returnPath && settings.signIn) {
    const query = new URLSearchParams(location.search)
    history.replaceState(null, '', `${base}/`)
    try {
      history.replaceState(null, '', await finishSignIn(settings.signIn, query))
    } catch (cause) {
      ended.set((cause as Error).message)
    }
    return
  }
  if (settings.tokens && restoreToken()) return
  // Without another way to sign in, there is nothing to choose.
  if (settings.signIn && !settings.tokens) {
    await beginSignIn(settings.signIn, location.pathname + location.search)
      .catch((cause: Error) => ended.set(cause.message))
  }
}

async function start(): Promise<void> {
  restoreTheme()
  hideTipsByEscape()
  const root = createRoot(document.getElementById('app')!)
  let settings: Settings
  try {
    settings = await loadSettings()
  } catch {
    root.render(<main className="alone"><h1>The server cannot be reached</h1>
      <p>The page tries again by itself.</p></main>)
    setTimeout(() => location.reload(), 3000)
    return
  }
  await enter(settings)
  keepSignedIn(settings)
  // A link with a token that is opened in this tab changes only the part after #, which loads nothing.
  addEventListener('hashchange', () => { if (settings.tokens && tokenIn(location.hash) !== null) location.reload() })
  const router = createAppRouter(settings)
  let api = createApi(settings)
  const render = () => root.render(
    <StrictMode><Provider value={api}><RouterProvider router={router} /></Provider></StrictMode>)
  let isIn = session.get() !== null
  session.subscribe(() => {
    // The next person must not see what the cache has of the last one.
    if (isIn && session.get() === null) api = createApi(settings)
    isIn = session.get() !== null
    render()
  })
  render()
}

void start()
