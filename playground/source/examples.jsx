// Example operations, and the exports. Placeholders in variables stand for the last ids of the answers.
import { useEffect, useState } from 'react'
import { flushSync } from 'react-dom'
import { useEditorContext } from '@graphiql/react'
import { withIds } from './ids.js'

const files = ['journal.csv', 'journal.ndjson', 'ledger.csv', 'ledger.ndjson', 'records.csv', 'records.ndjson']

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 5h16M4 10h10M4 15h16M4 20h7" strokeLinecap="round" />
    </svg>
  )
}

function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  return 'playground-' + Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

// day is the date some days from today.
function day(offset) {
  return new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
}

function fill(variables) {
  return withIds(variables)
    .replaceAll('<time now>', () => new Date().toISOString())
    .replaceAll('<now>', () => new Date().toLocaleTimeString('en-GB'))
    .replaceAll('<key>', key)
    .replaceAll('<month ago>', () => day(-30))
    .replaceAll('<tomorrow>', () => day(1))
}

// headOf returns the kind and the name of an example's operation.
function headOf(example) {
  const [, kind, name] = /^\s*(query|mutation|subscription)\s+(\w+)/.exec(example.query)
  return { kind, name }
}

// download fetches a file with the token, which a link cannot carry, and saves it with the browser.
async function download(file, token) {
  const response = await fetch(`export/${file}`, { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' })
  if (!response.ok) return (await response.json()).errors[0].message
  const address = URL.createObjectURL(await response.blob())
  Object.assign(document.createElement('a'), { href: address, download: file }).click()
  URL.revokeObjectURL(address)
  return ''
}

function Exports({ token }) {
  const [failure, setFailure] = useState('')
  const fetchFile = async (file) => {
    try {
      setFailure(token() === '' ? 'Paste a token first.' : await download(file, token()))
    } catch {
      setFailure('The download failed before the end of the file.')
    }
  }
  return (
    <>
      <h3>Exports</h3>
      <p>The whole journal, ledger and records as verifiable files, from GET /export/…. Requires EXPORT.</p>
      <div className="files">
        {files.map((file) => <button type="button" key={file} onClick={() => fetchFile(file)}>{file}</button>)}
      </div>
      {failure !== '' && <p className="bad" role="alert">{failure}</p>}
    </>
  )
}

// matches tells whether an example has all words of a search.
function matches({ title, about, query }, sought) {
  const text = `${title} ${about} ${query}`.toLowerCase()
  return sought.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}

/** Returns the plugin. Its first() is the tab of a first visit. */
export function examplesPlugin(examples, token) {
  const texts = new Set(examples.map((example) => example.query))

  function Examples() {
    const { queryEditor, variableEditor, addTab, setOperationName } = useEditorContext({ nonNull: true })
    const [chosen, setChosen] = useState('')
    const [sought, setSought] = useState('')
    const [waiting, setWaiting] = useState(null)
    const show = (example) => {
      const present = queryEditor.getValue()
      // Keep the user's own text. GraphiQL fills the editors when it renders the tab, so that must come first.
      if (present.trim() !== '' && !texts.has(present)) flushSync(addTab)
      queryEditor.setValue(example.query)
      variableEditor.setValue(fill(example.variables))
      setOperationName(headOf(example).name) // GraphiQL would update it a moment later
      setChosen(example.title)
    }
    // The list is shown before GraphiQL has loaded its editors. An example that is chosen earlier waits for them.
    const ready = queryEditor !== null && variableEditor !== null
    const choose = (example) => ready ? show(example) : setWaiting(example)
    useEffect(() => {
      if (!ready || waiting === null) return
      setWaiting(null)
      queueMicrotask(() => show(waiting)) // React refuses flushSync in an effect
    }, [ready, waiting])
    return (
      <section className="examples">
        <h2>Examples</h2>
        <input
          type="search" aria-label="Find an example" placeholder={`Find one of ${examples.length}`} value={sought}
          onChange={(event) => setSought(event.target.value)}
        />
        {examples.filter((example) => matches(example, sought)).map((example) => (
          <button
            type="button" className="example" key={example.title} onClick={() => choose(example)}
            aria-current={chosen === example.title}
          >
            <b>{example.title}<i>{headOf(example).kind}</i></b>
            <span>{example.about}</span>
          </button>
        ))}
        <p>The examples use the last ids of the answers, such as that of the last workflow.</p>
        <Exports token={token} />
      </section>
    )
  }

  return {
    title: 'Examples', icon: Icon, content: Examples,
    first: () => ({ query: examples[0].query, variables: fill(examples[0].variables) }),
  }
}
