// Example operations, and the exports. Variables name what comes from earlier answers: the last workflow and call.
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

// headOf reads what an example begins with: its kind and its name.
function headOf(example) {
  const [, kind, name] = /^\s*(query|mutation|subscription)\s+(\w+)/.exec(example.query)
  return { kind, name }
}

// download fetches a file with the token, which a link could not carry, and hands it to the browser.
async function download(file, token) {
  const response = await fetch(`export/${file}`, { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' })
  if (!response.ok) return (await response.json()).errors[0].message
  const address = URL.createObjectURL(await response.blob())
  Object.assign(document.createElement('a'), { href: address, download: file }).click()
  URL.revokeObjectURL(address)
  return ''
}

function Exports({ token }) {
  const [said, setSaid] = useState('')
  const fetchFile = async (file) => {
    try {
      setSaid(token() === '' ? 'Paste a token first.' : await download(file, token()))
    } catch {
      setSaid('The file could not be fetched to its end.')
    }
  }
  return (
    <>
      <h3>Exports</h3>
      <p>The whole journal and ledger as files that can be verified, by GET /export/…. Needs ADMIN.</p>
      <div className="files">
        {files.map((file) => <button type="button" key={file} onClick={() => fetchFile(file)}>{file}</button>)}
      </div>
      {said !== '' && <p className="bad" role="alert">{said}</p>}
    </>
  )
}

/** Returns the plugin; first() is the tab that a first visit sees. */
export function examplesPlugin(examples, last, token) {
  const texts = new Set(examples.map((example) => example.query))

  function Examples() {
    const { queryEditor, variableEditor, addTab, setOperationName } = useEditorContext({ nonNull: true })
    const [chosen, setChosen] = useState('')
    const choose = (example) => {
      const present = queryEditor.getValue()
      if (present.trim() !== '' && !texts.has(present)) addTab() // what somebody wrote stays
      queryEditor.setValue(example.query)
      variableEditor.setValue(fill(example.variables, last))
      setOperationName(headOf(example).name) // GraphiQL itself would notice a moment later
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
        <p>The ids of the last workflow and the last call that an answer showed are filled in for you.</p>
        <Exports token={token} />
      </section>
    )
  }

  return {
    title: 'Examples', icon: Icon, content: Examples,
    first: () => ({ query: examples[0].query, variables: fill(examples[0].variables, last) }),
  }
}
