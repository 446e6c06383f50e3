// Runs the workers in examples/ against the real server. Each is killed in the middle of a call to a model, and its
// successor completes all runs. The model is a sandbox, whose answers are counted and compared with the ledger.
import { execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'

const examples = new URL('../../examples/', import.meta.url)
const leaseSeconds = 3
const model = 'openai/gpt-4o-mini'
const usage = { prompt_tokens: 100, completion_tokens: 50 }
const profile = {
  industries: ['Robotics'], buyerRoles: ['CTO'], painPoints: ['Downtime'], valueProposition: 'Robots that do not stop.',
}

/** Each worker: build(folder) returns its command. */
export const workers = {
  'worker-go': {
    over: 'HTTP, server-sent events',
    build(folder) {
      const program = join(folder, 'worker-go')
      execFileSync('go', ['build', '-o', program, '.'], { cwd: new URL('worker-go/', examples), stdio: 'inherit' })
      return [program]
    },
  },
  'worker-typescript': {
    over: 'HTTP, server-sent events',
    build() {
      const cwd = new URL('worker-typescript/', examples)
      execFileSync('npm', ['ci', '--silent', '--no-audit', '--no-fund'], { cwd, stdio: 'inherit' })
      for (const script of ['codegen', 'build']) {
        execFileSync('npm', ['run', '--silent', script], { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
      }
      return [process.execPath, new URL('out/worker.js', cwd).pathname]
    },
  },
}

// sandbox answers as a model. It leaves the first request open, and first resolves when that request has arrived. The
// answer to the second request takes longer than a lease, so its run needs renewals. It refuses the third.
async function sandbox() {
  let arrived
  const first = new Promise((resolve) => { arrived = resolve })
  const answers = []
  let requests = 0
  const server = createServer(async (request, response) => {
    for await (const _ of request); // the whole body
    if (++requests === 1) return arrived()
    if (requests === 2) await new Promise((resolve) => setTimeout(resolve, leaseSeconds * 1500))
    if (requests === 3) return response.writeHead(429, { 'retry-after': '1' }).end()
    const id = `gen-${process.hrtime.bigint()}`
    answers.push(id)
    const choices = [{ message: { role: 'assistant', content: JSON.stringify(profile) } }]
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id, model, choices, usage }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => { server.closeAllConnections(); server.close() }
  return { url: `http://127.0.0.1:${server.address().port}`, first, answers, close }
}

// start runs a worker with a key. end resolves to its exit status.
function start([program, ...args], { url, key, models }) {
  const { PATH, HOME } = process.env
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH, HOME, ENGINE_URL: url, ENGINE_KEY: key, MODEL_URL: models.url, MODEL_KEY: 'none', MODEL: model,
      LEASE_SECONDS: String(leaseSeconds),
    },
  })
  let output = ''
  child.stdout.on('data', (text) => { output += text })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    completed: () => output.split('\n').filter((line) => line.startsWith('completed ')).length,
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** Runs one worker on three workflows. */
export async function work(name, world, person, same) {
  const command = workers[name].build(world.folder)
  const models = await sandbox()
  const all = []
  const begin = async (version) => {
    const worker = start(command, { url: world.url, key: await person.createKey(`${name} ${version}`), models })
    all.push(worker)
    return worker
  }
  try {
    const ids = []
    for (let i = 0; i < 3; i++) ids.push(await person.create())
    for (const id of ids) await person.finishIcp(id)
    const victim = await begin('killed')
    await models.first
    await victim.end('SIGKILL')
    const successor = await begin('successor')
    let books
    do {
      await new Promise((resolve) => setTimeout(resolve, 100))
      books = await Promise.all(ids.map((id) => person.books(id)))
    } while (!books.every(({ state }) => state === 'COMPETITOR_PENDING'))
    same([await successor.end('SIGTERM'), successor.completed()], [0, 3])
    agree(books, models.answers, same)
    world.verify()
  } finally {
    for (const worker of all) await worker.end('SIGKILL')
    models.close()
  }
}

// agree compares the books of the workflows with the model's answers. Each answer is settled, the refused call is
// released, and the call of the killed worker keeps its hold, because its cost is not proved.
function agree(books, answers, same) {
  const calls = books.flatMap((book) => book.calls.nodes)
  const settled = calls.filter(({ state }) => state === 'SETTLED')
  same(settled.map(({ generationId }) => generationId).sort(), [...answers].sort())
  const others = calls.filter(({ state }) => state !== 'SETTLED')
  same(others.map(({ state }) => state).sort(), ['RELEASED', 'RESERVED'])
  const failures = books.flatMap(({ transitions }) => transitions.nodes).filter(({ kind }) => kind === 'FAIL')
  same(failures.map(({ reason }) => reason.split(':')[0]).sort(), ['LEASE_EXPIRED', 'RATE_LIMITED'])
  for (const { spend, calls: { nodes }, ledger } of books) {
    const sum = (amounts) => String(amounts.reduce((total, amount) => total + pico(amount), 0n))
    const costs = nodes.filter(({ state }) => state === 'SETTLED').map(({ cost }) => cost)
    const holds = nodes.filter(({ state }) => state === 'RESERVED').map(({ hold }) => hold)
    same([sum([spend.settled]), sum([spend.held])], [sum(costs), sum(holds)])
    const moved = ['settledDelta', 'heldDelta'].map((delta) => sum(ledger.nodes.map((entry) => entry[delta])))
    same(moved, [sum(costs), sum(holds)])
  }
}

// pico returns an amount in 10⁻¹² USD, which may be negative.
function pico(amount) {
  const [whole, fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.padEnd(12, '0'))
}
