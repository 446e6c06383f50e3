// The page for people who are not signed in. The address stays, so that sign-in leads to the page they wanted.
import { useEffect, useState, type FormEvent } from 'react'
import { beginSignIn } from '../api/oidc'
import { ended, signInWithToken } from '../api/session'
import type { Settings } from '../api/settings'
import { useStore } from '../api/store'
import { Button } from '../ui/basic'
import { Field } from '../ui/dialog'

export function SignInPage({ settings }: { settings: Settings }) {
  const why = useStore(ended)
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  useEffect(() => { document.title = 'Sign in · Infin8Content' }, [])
  const begin = () => {
    if (!settings.signIn) return
    setBusy(true)
    beginSignIn(settings.signIn, location.pathname + location.search).catch((cause: Error) => {
      setProblem(`The identity provider cannot be reached. ${cause.message}`)
      setBusy(false)
    })
  }
  return (
    <main className="alone sign-in">
      <p className="brand"><span className="brand-mark" aria-hidden="true">∞</span>Infin8Content</p>
      <h1>Sign in</h1>
      {settings.notice && <p className="notice">{settings.notice}</p>}
      {why && <p className="note info" role="status">{why}</p>}
      {problem && <p className="note bad" role="alert">{problem}</p>}
      {settings.signIn && (
        <>
          <Button kind="primary" isBusy={isBusy} onClick={begin}>Sign in with {new URL(settings.signIn.issuer).host}</Button>
          <p className="hint">You come back to the page that you asked for.</p>
        </>
      )}
      {settings.tokens && <TokenForm isSecond={settings.signIn !== null} />}
    </main>
  )
}

function TokenForm({ isSecond }: { isSecond: boolean }) {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState('')
  const send = (event: FormEvent) => {
    event.preventDefault()
    setProblem(signInWithToken(token) ?? '')
  }
  const errors = problem ? [{ code: 'INVALID_INPUT', message: problem, field: ['token'] }] : []
  return (
    <form onSubmit={send} noValidate>
      <Field label={isSecond ? 'Or paste a token' : 'Token'} path="token" errors={errors}
        hint="A token or an API key. It stays in this tab.">
        {(props) => (
          <input {...props} type="password" autoComplete="off" spellCheck={false} value={token}
            onChange={(event) => setToken(event.target.value)} />
        )}
      </Field>
      <Button type="submit" kind={isSecond ? 'plain' : 'primary'} onClick={send}>Sign in with a token</Button>
    </form>
  )
}
