// Example operations, and the exports. Placeholders in variables stand for the last workflow and call of the answers.
import { useState } from 'react'
import { useEditorContext } from '@graphiql/react'

const files = ['journal.csv', 'journal.ndjson', 'ledger.csv', 'ledger.ndjson']

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

function fill(variables, last) {
  return variables
    .replaceAll('<now>', () => new Date().toLocaleTimeString('en-GB'))
    .replaceAll('<key>', key)
    .replaceAll('<month ago>', () => day(-30))
    .replaceAll('<tomorrow>', () => day(1))
    .replaceAll('<workflow>', () => last.workflow || 'wf_… (create one first)')
    .replaceAll('<call>', () => last.call || 'call_… (reserve one first)')
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
      <p>The whole journal and ledger as verifiable files, from GET /export/…. Requires EXPORT.</p>
      <div className="files">
        {files.map((file) => <button type="button" key={file} onClick={() => fetchFile(file)}>{file}</button>)}
      </div>
      {failure !== '' && <p className="bad" role="alert">{failure}</p>}
    </>
  )
}

/** Returns the plugin. Its first() is the tab of a first visit. */
export function examplesPlugin(examples, last, token) {
  const texts = new Set(examples.map((example) => example.query))

  function Examples() {
    const { queryEditor, variableEditor, addTab, setOperationName } = useEditorContext({ nonNull: true })
    const [chosen, setChosen] = useState('')
    const choose = (example) => {
      const present = queryEditor.getValue()
      if (present.trim() !== '' && !texts.has(present)) addTab() // keep the user's own text
      queryEditor.setValue(example.query)
      variableEditor.setValue(fill(example.variables, last))
      setOperationName(headOf(example).name) // GraphiQL would update it a moment later
      setChosen(example.title)
    }
    return (
      <section className="examples">
        <h2>Examples</h2>
        {examples.map((example) => (
          <button
            type="button" className="example" key={example.title} onClick={() => choose(example)}
            aria-current={chosen === example.title}
          >
            <b>{example.title}<i>{headOf(example).kind}</i></b>
            <span>{example.about}</span>
          </button>
        ))}
        <p>The examples use the ids of the last workflow and the last call in an answer.</p>
        <Exports token={token} />
      </section>
    )
  }

  return {
    title: 'Examples', icon: Icon, content: Examples,
    first: () => ({ query: examples[0].query, variables: fill(examples[0].variables, last) }),
  }
}
