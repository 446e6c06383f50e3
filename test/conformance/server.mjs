// Starts the tested servers: the demo of this repository with its own database and port, and a second server on the same
// database that can be killed and restarted. With ENDPOINT and TOKEN in the environment it starts none and uses that
// server, which stays alive.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const repository = new URL('../..', import.meta.url).pathname
const timeout = 180_000 // milliseconds; the demo may have to download PostgreSQL

/**
 * Returns { url, token, stop } of a running server. Except for ENDPOINT it has a folder for programs too, beside(port)
 * starts another server, and verify throws if the journals and the current values do not agree.
 */
export async function server() {
  const { ENDPOINT, TOKEN } = process.env
  if (ENDPOINT) return { url: ENDPOINT, token: TOKEN ?? '', stop: async () => {} }

  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  chmodSync(folder, 0o711) // PostgreSQL may run as another user, and its data are inside
  const program = join(folder, 'engine')
  execFileSync('go', ['build', '-o', program, '.'], { cwd: repository, stdio: 'inherit' })
  const { DATABASE_URL, OPENROUTER_API_KEY, ...inherited } = process.env
  const environment = { ...inherited, AUTH_SECRET: randomBytes(32).toString('hex') }
  const data = join(folder, 'data')
  const others = []
  const demo = start(program, ['demo', '--until=ICP', '--sweep=1s', '--listen=127.0.0.1:0', `--directory=${data}`], environment)
  const stop = async () => {
    for (const end of [...others, () => demo.end('SIGTERM')]) await end()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const [, address, token] = await demo.says(demo.child.stdout, /^Playground: (.*)\/playground#token=(.*)$/)
    const beside = async (port) => {
      const one = start(program, ['serve', '--workers=false', `--listen=127.0.0.1:${port}`], {
        ...environment, DATABASE_URL: databaseIn(data),
      })
      const kill = () => one.end('SIGKILL')
      others.push(kill)
      const [, origin] = await one.says(one.child.stderr, /"msg":"listening","url":"([^"]*)"/)
      return { url: `${origin}/graphql`, port: new URL(origin).port, kill }
    }
    const verify = () => execFileSync(program, ['verify'], {
      env: { ...environment, DATABASE_URL: databaseIn(data) }, stdio: ['ignore', 'inherit', 'inherit'],
    })
    return { url: `${address}/graphql`, token, stop, beside, folder, verify }
  } catch (error) {
    await stop()
    throw error
  }
}

// databaseIn returns the address of the demo's database, from the pid file of its PostgreSQL.
function databaseIn(folder) {
  const [, , , port, host] = readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')
  return `postgres://postgres@/infin8?${new URLSearchParams({ host, port })}`
}

function start(program, args, env) {
  const child = spawn(program, args, { cwd: tmpdir(), env, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (text) => { log = (log + text).slice(-4000) })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.once('exit', () => child.kill('SIGKILL')) // on every exit of this process
  return {
    child,
    async end(signal) {
      child.kill(signal)
      await ended
    },
    // says waits for a line. It drains the stream afterwards, so that the program never blocks on a full pipe.
    async says(stream, pattern) {
      const timer = setTimeout(() => child.kill('SIGTERM'), timeout)
      try {
        for await (const line of createInterface({ input: stream })) {
          const found = pattern.exec(line)
          if (found) return found
        }
        throw new Error(`engine ${args[0]} ended before it listened:\n${log}`)
      } finally {
        clearTimeout(timer)
        stream.resume()
      }
    },
  }
}
