// The page: a bar with the token, and GraphiQL. The page keeps the token for this tab of the browser, until the tab is
// closed, so that a reload does not sign out. GraphiQL keeps its tabs, history and sizes for the tab, too.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { GraphiQL, GraphiQLInterface, GraphiQLProvider } from 'graphiql'
import { DOC_EXPLORER_PLUGIN, DocExplorerContextProvider } from '@graphiql/plugin-doc-explorer'
import { explorerPlugin } from '@graphiql/plugin-explorer'
import { HISTORY_PLUGIN, HistoryContextProvider } from '@graphiql/plugin-history'
import { useEditorContext, usePluginStore } from '@graphiql/react'
import 'graphiql/style.css'
import '@graphiql/plugin-explorer/style.css'
import './style.css'
import { examplesPlugin } from './examples.jsx'
import { curlOf } from './curl.js'
import { endpoint, makeFetcher } from './fetcher.js'
import { learn, open } from './ids.js'
import { claimsOf, keep, kept, timeLeft } from './token.js'

// The page's policy requires trusted types. This one lets React and CodeMirror write elements, in which the policy lets
// no script run. Code and the addresses of code stay forbidden.
globalThis.trustedTypes?.createPolicy('default', { createHTML: (text) => text })

// A link may carry a token and a workflow after the #, which browsers send to no server. The page removes them from the
// address at once.
function readFragment() {
  const given = new URLSearchParams(location.hash.slice(1))
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  const workflow = given.get('workflow') ?? ''
  return { token: given.get('token'), workflow: /^wf_[0-9a-f-]{36}$/.test(workflow) ? workflow : '' }
}

// loadExamples requests the examples. If the playground is for administrators only, their answer opens it.
async function loadExamples(token) {
  const headers = token === '' ? {} : { Authorization: `Bearer ${token}` }
  try {
    const response = await fetch('playground/examples.json', { headers, credentials: 'omit' })
    const body = await response.json()
    if (response.ok) return { open: true, ...body }
    if (token === '') return { open: false, reason: 'Paste a token above.' }
    return { open: false, reason: body.errors[0].message }
  } catch {
    return { open: false, reason: 'The server could not be reached.' }
  }
}

const given = readFragment()
if (given.workflow !== '') open(given.workflow)

function Identity({ token }) {
  const [, tick] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30_000)
    return () => clearInterval(timer)
  }, [])
  const claims = claimsOf(token)
  if (claims === null) {
    return <output className="identity">{token === '' ? 'Not signed in' : 'A token without claims'}</output>
  }
  const left = timeLeft(claims.exp)
  return (
    <output className="identity" title={`Organization ${claims.org}`}>
      <b>{String(claims.sub)}</b> · {String(claims.role)} · {}
      <span className={left === 'expired' ? 'late' : ''}>{left}</span>
    </output>
  )
}

const eight = 'M16 16c-2.5-3.6-4.6-5-6.6-5a5 5 0 0 0 0 10c2 0 4.1-1.4 6.6-5' +
  's4.6-5 6.6-5a5 5 0 0 1 0 10c-2 0-4.1-1.4-6.6-5z'

function Bar({ token, onToken, notice }) {
  return (
    <header className="bar">
      <h1>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d={eight} />
        </svg>
        Infin8Content <span>playground</span>
      </h1>
      <label className="token">
        <span>Token</span>
        <input
          id="token" type="password" autoComplete="off" spellCheck="false" value={token}
          placeholder="Paste a token. It stays in this tab only."
          onChange={(event) => onToken(event.target.value)}
        />
      </label>
      <Identity token={token} />
      {notice && <p className="notice">{notice}</p>}
    </header>
  )
}

function Outcome({ outcome }) {
  if (outcome === null) return 'Choose an example on the left, or write your own operation, and press Ctrl Enter.'
  const { word, kind, details } = outcome
  return <><b className={kind}>{word}</b>{details.map((detail) => <span key={detail}>{detail}</span>)}</>
}

// useWrapping wraps the long lines of every editor: sideways scrolling hides the end of a query and of an answer.
function useWrapping() {
  const { queryEditor, variableEditor, responseEditor } = useEditorContext({ nonNull: true })
  useEffect(() => {
    for (const editor of [queryEditor, variableEditor, responseEditor]) editor?.setOption('lineWrapping', true)
  }, [queryEditor, variableEditor, responseEditor])
}

// Wrapping is a component, because it needs the editors of the provider around it.
function Wrapping() {
  useWrapping()
  return null
}

// CurlButton copies the operation as a command for a terminal. The token is a variable of the shell: a command line is
// seen by other users of the machine and kept in its history.
function CurlButton() {
  const { queryEditor, variableEditor } = useEditorContext({ nonNull: true })
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    const text = curlOf(queryEditor?.getValue() ?? '', variableEditor?.getValue() ?? '', endpoint.href)
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2000)
  }
  return (
    <button type="button" className="curl" onClick={copy} disabled={!queryEditor || !variableEditor} title="The command reads the token from $TOKEN">
      {copied ? 'Copied' : 'Copy as curl'}
    </button>
  )
}

// useSettled returns a value that has not changed for a while. Otherwise each part of a typed token would count as a
// failed sign-in, and the server limits those per client address.
function useSettled(value) {
  const [settled, settle] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => settle(value), 400)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

// Interface shows GraphiQL after the examples plugin has registered. Earlier GraphiQL would open without a pane.
function Interface(props) {
  const { visiblePlugin } = usePluginStore()
  const begun = useRef(false)
  begun.current ||= visiblePlugin !== null
  return begun.current && <GraphiQLInterface {...props} />
}

function App() {
  const [written, setToken] = useState(given.token ?? kept())
  const token = useSettled(written)
  const [access, setAccess] = useState(null)
  const [outcome, setOutcome] = useState(null)

  const onToken = useCallback((text) => setToken(text.trim().replace(/^Bearer\s+/i, '')), [])
  useEffect(() => {
    const read = () => {
      const { token, workflow } = readFragment()
      if (workflow !== '') open(workflow)
      if (token !== null) onToken(token)
    }
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [onToken])

  useEffect(() => keep(token), [token])
  useEffect(() => {
    let late = false
    loadExamples(token).then((answer) => { if (!late) setAccess(answer) })
    return () => { late = true }
  }, [token])

  const fetcher = useMemo(() => makeFetcher({ token, learn, report: setOutcome }), [token])
  useEffect(() => () => fetcher.close(), [fetcher])
  const present = useRef(token)
  present.current = token
  const examples = access?.open ? JSON.stringify(access.examples) : ''
  const offered = useMemo(() => {
    if (examples === '') return null
    const plugin = examplesPlugin(JSON.parse(examples), () => present.current)
    const plugins = [DOC_EXPLORER_PLUGIN, plugin, explorerPlugin({ showAttribution: false }), HISTORY_PLUGIN]
    return { plugins, tabs: [plugin.first()] }
  }, [examples])

  return (
    <>
      <Bar token={written} onToken={onToken} notice={access?.notice} />
      {access?.open === false && (
        <main className="closed"><h2>The playground needs a token</h2><p>{access.reason}</p></main>
      )}
      {offered !== null && (
        <GraphiQLProvider
          fetcher={fetcher} storage={sessionStorage} shouldPersistHeaders={false} plugins={offered.plugins}
          referencePlugin={DOC_EXPLORER_PLUGIN} visiblePlugin="Examples" defaultTabs={offered.tabs}
          inputValueDeprecation schemaDescription
        >
          <HistoryContextProvider>
            <DocExplorerContextProvider>
              <Wrapping />
              <Interface
                isHeadersEditorEnabled={false} showPersistHeadersSettings={false}
                defaultEditorToolsVisibility="variables"
              >
                <GraphiQL.Logo><></></GraphiQL.Logo>
                <GraphiQL.Footer>
                  <div className="outcome" aria-live="polite"><Outcome outcome={outcome} /><CurlButton /></div>
                </GraphiQL.Footer>
              </Interface>
            </DocExplorerContextProvider>
          </HistoryContextProvider>
        </GraphiQLProvider>
      )}
    </>
  )
}

createRoot(document.getElementById('app')).render(<App />)
