// Runs audits and clients of other projects and the workers in examples/ against the real server, and prints one table.
// Exits with 1 if one fails.
import { readFileSync } from 'node:fs'
import { audits } from './audits.mjs'
import { clients } from './clients.mjs'
import { codes } from './codes.mjs'
import { server } from './server.mjs'
import { work, workers } from './workers.mjs'

const timeout = 30_000 // milliseconds for one check of a client
const buildTimeout = 300_000 // milliseconds for one check of a worker, whose packages may be downloaded first
const packageOf = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)))
const rows = []
let failed = false

// judge runs one check and returns its result. A check that does not end in time has failed.
async function judge(check, milliseconds = timeout) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it did not end in time')), milliseconds)
  })
  try {
    await Promise.race([check(), late])
    return 'ok'
  } catch (error) {
    failed = true
    return `FAIL: ${error.message ?? error}`
  } finally {
    clearTimeout(timer)
  }
}

function same(got, want) {
  const [is, should] = [JSON.stringify(got), JSON.stringify(want)]
  if (is !== should) throw new Error(`got ${is}, want ${should}`)
}

const creation = `mutation Create($input: CreateWorkflowInput!) {
  createWorkflow(input: $input) { workflow { id state } userErrors { code } }
}`
const company = { name: 'Example', url: 'https://example.com' }

// operator changes workflows at the server that stays alive.
function operator({ url, token }) {
  const ask = async (query, variables) => {
    const response = await fetch(url, {
      method: 'POST', body: JSON.stringify({ query, variables }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })
    const { data, errors } = await response.json()
    if (errors) throw new Error(JSON.stringify(errors))
    return data
  }
  return {
    async create() {
      const { createWorkflow } = await ask(creation, { input: { name: `Followed ${Date.now()}`, company } })
      return createWorkflow.workflow.id
    },
    async move(id, from, to) {
      const { transitionWorkflow } = await ask(`mutation ($input: TransitionWorkflowInput!) {
        transitionWorkflow(input: $input) { userErrors { message } }
      }`, { input: { workflowId: id, from, to } })
      same(transitionWorkflow.userErrors, [])
    },
    async finishIcp(id) {
      await ask(`mutation ($id: ID!) { generateIcp(input: { workflowId: $id }) { replayed } }`, { id })
    },
    async setOutsideSteps(steps) {
      const { setOutsideSteps } = await ask(`mutation ($input: SetOutsideStepsInput!) {
        setOutsideSteps(input: $input) { userErrors { message } }
      }`, { input: { steps } })
      same(setOutsideSteps.userErrors, [])
    },
    async createKey(name) {
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
      const { createApiKey } = await ask(`mutation ($input: CreateApiKeyInput!) {
        createApiKey(input: $input) { secret userErrors { message } }
      }`, { input: { name, role: 'WORKER', expiresAt } })
      same(createApiKey.userErrors, [])
      return createApiKey.secret
    },
    async books(id) {
      const { workflow } = await ask(`query ($id: ID!) { workflow(id: $id) {
        state spend { settled held } transitions { nodes { kind reason } }
        calls { nodes { state generationId hold cost } } ledger { nodes { settledDelta heldDelta } }
      } }`, { id })
      return workflow
    },
  }
}

// asks lets a client run a query, a mutation and a wrong query.
async function asks(name, client) {
  const row = {}
  row.query = await judge(async () => {
    const { data } = await client.ask('query Who { viewer { role } }', {})
    same(data.viewer.role, 'ADMIN')
  })
  row.mutation = await judge(async () => {
    const { data } = await client.ask(creation, { input: { name: `By ${name} ${Date.now()}`, company } })
    same([data.createWorkflow.workflow.state, data.createWorkflow.userErrors], ['CREATED', []])
  })
  row.error = await judge(async () => {
    const { data, codes } = await client.ask('query Wrong($id: ID!) { workflow(id: $id) { id } }', { id: 'nonsense' })
    same([data?.workflow ?? null, codes], [null, ['INVALID_INPUT']])
  })
  return row
}

// follows lets all clients follow one workflow while their server is killed, the workflow moves, and the server restarts.
async function follows(world, victim, all) {
  const person = operator(world)
  const id = await person.create()
  const seen = Object.fromEntries(Object.keys(all).map((name) => [name, []]))
  let wake = () => {}
  const nextEvent = () => new Promise((resolve) => { wake = resolve })
  const allReceived = async (version) => {
    while (!Object.values(seen).every((versions) => versions.includes(version))) await nextEvent()
  }
  const ends = Object.entries(all).map(([name, client]) => client.follow({ id, after: -1 }, (version) => {
    seen[name].push(version)
    wake()
  }))

  const moves = async () => {
    await person.finishIcp(id)
    await allReceived(3)
    await victim.kill()
    await person.move(id, 'ICP_COMPLETED', 'COMPETITOR_PENDING') // while no client is connected
    await person.move(id, 'COMPETITOR_PENDING', 'COMPETITOR_PROCESSING')
    await person.move(id, 'COMPETITOR_PROCESSING', 'COMPETITOR_FAILED')
    await world.beside(victim.port)
    await allReceived(6)
    await person.move(id, 'COMPETITOR_FAILED', 'COMPETITOR_PROCESSING')
    await person.move(id, 'COMPETITOR_PROCESSING', 'CANCELLED') // terminal
  }
  const moved = moves()
  moved.catch(() => {}) // Each client's check reports the failure below.
  return Object.fromEntries(await Promise.all(Object.keys(all).map(async (name, i) => [name, await judge(async () => {
    await Promise.race([ends[i], moved.then(() => ends[i])])
    same(seen[name], [0, 1, 2, 3, 4, 5, 6, 7, 8])
  })])))
}

const world = await server()
try {
  const audited = await audits(world)
  failed ||= audited.passed !== audited.total
  rows.push(['graphql-http', 'HTTP', `${audited.passed} of ${audited.total} audits`])
  if (world.beside) {
    const victim = await world.beside(0)
    for (const [client, mistake, code, expected] of await codes({ ...world, url: victim.url })) {
      failed ||= code !== expected
      rows.push([client, 'websocket', `${mistake}: ${code}${code === expected ? '' : `, FAIL: want ${expected}`}`])
    }
    const all = {}
    for (const [name, { make }] of Object.entries(clients)) all[name] = make({ ...world, url: victim.url })
    const asked = {}
    for (const [name, client] of Object.entries(all)) asked[name] = await asks(name, client)
    const reconnects = await follows(world, victim, all)
    for (const [name, { over }] of Object.entries(clients)) {
      const { query, mutation, error } = asked[name]
      rows.push([name, over, `query ${query}, mutation ${mutation}, error ${error}, reconnect ${reconnects[name]}`])
    }
    for (const client of Object.values(all)) await client.close()
    const person = operator(world)
    await person.setOutsideSteps(['ICP', 'COMPETITOR']) // The workers drive the first. The second then waits.
    for (const [name, { over }] of Object.entries(workers)) {
      rows.push([name, over, `killed and replaced ${await judge(() => work(name, world, person, same), buildTimeout)}`])
    }
  } else {
    console.log('Clients and workers were skipped: they need a server that they may kill, so not the one at ENDPOINT.')
  }
} finally {
  await world.stop()
}
const named = rows.map(([name, ...rest]) => [name in workers ? name : `${name} ${packageOf(name).version}`, ...rest])
const widths = [0, 1].map((column) => Math.max(...named.map((row) => row[column].length)))
for (const [name, over, result] of named) console.log(`${name.padEnd(widths[0])}  ${over.padEnd(widths[1])}  ${result}`)
process.exit(failed ? 1 : 0)
