// The servers that are asked: the demo of this repository, built and started on a database and a port of its own, and
// beside it on the same database one that can be killed and started again. Or else the one at ENDPOINT, with the token
// in TOKEN, which nobody kills.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const repository = new URL('../..', import.meta.url).pathname
const patience = 180_000 // milliseconds; PostgreSQL may have to be fetched

/** Returns { url, token, stop } of a server that answers, and beside(port) to start another unless it is ENDPOINT. */
export async function server() {
  const { ENDPOINT, TOKEN } = process.env
  if (ENDPOINT) return { url: ENDPOINT, token: TOKEN ?? '', stop: async () => {} }

  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  chmodSync(folder, 0o711) // PostgreSQL may run as a user of its own, and its data is within
  const program = join(folder, 'engine')
  execFileSync('go', ['build', '-o', program, '.'], { cwd: repository, stdio: 'inherit' })
  const { DATABASE_URL, OPENROUTER_API_KEY, ...inherited } = process.env
  const environment = { ...inherited, AUTH_SECRET: randomBytes(32).toString('hex') }
  const data = join(folder, 'data')
  const others = []
  const demo = start(program, ['demo', '--listen=127.0.0.1:0', `--directory=${data}`], environment)
  const stop = async () => {
    for (const end of [...others, () => demo.end('SIGTERM')]) await end()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const [, address, token] = await demo.says(demo.child.stdout, /^Playground: (.*)\/#token=(.*)$/)
    const beside = async (port) => {
      const one = start(program, ['serve', '--workers=false', `--listen=127.0.0.1:${port}`], {
        ...environment, DATABASE_URL: databaseIn(data),
      })
      const kill = () => one.end('SIGKILL')
      others.push(kill)
      const [, origin] = await one.says(one.child.stderr, /"msg":"listening","url":"([^"]*)"/)
      return { url: `${origin}/graphql`, port: new URL(origin).port, kill }
    }
    return { url: `${address}/graphql`, token, stop, beside }
  } catch (error) {
    await stop()
    throw error
  }
}

// databaseIn is the address of the database that the demo keeps in a folder, as its PostgreSQL says.
function databaseIn(folder) {
  const [, , , port, host] = readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')
  return `postgres://postgres@/infin8?${new URLSearchParams({ host, port })}`
}

function start(program, args, env) {
  const child = spawn(program, args, { cwd: tmpdir(), env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (text) => { log = (log + text).slice(-4000) })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.once('exit', () => child.kill('SIGKILL')) // however we end
  return {
    child,
    async end(signal) {
      child.kill(signal)
      await ended
    },
    // says waits for a line, and goes on reading afterwards so that the program never waits for us.
    async says(stream, pattern) {
      const timer = setTimeout(() => child.kill('SIGTERM'), patience)
      try {
        for await (const line of createInterface({ input: stream })) {
          const found = pattern.exec(line)
          if (found) return found
        }
        throw new Error(`engine ${args[0]} ended before it served:\n${log}`)
      } finally {
        clearTimeout(timer)
        stream.resume()
      }
    },
  }
}
