// A server to be asked: the one at ENDPOINT, with the token in TOKEN, or else the demo of this repository, built and
// started on a database and a port of its own.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const repository = new URL('..', import.meta.url).pathname
const patience = 180_000 // milliseconds; PostgreSQL may have to be fetched

/** Returns { url, token, stop } of a server that answers. */
export async function server() {
  const { ENDPOINT, TOKEN } = process.env
  if (ENDPOINT) return { url: ENDPOINT, token: TOKEN ?? '', stop: async () => {} }

  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  chmodSync(folder, 0o711) // PostgreSQL may run as a user of its own, and its data is within
  const program = join(folder, 'engine')
  execFileSync('go', ['build', '-o', program, '.'], { cwd: repository, stdio: 'inherit' })
  const { DATABASE_URL, OPENROUTER_API_KEY, ...environment } = process.env
  const child = spawn(program, ['demo', '--listen=127.0.0.1:0', `--directory=${join(folder, 'data')}`], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const timer = setTimeout(() => child.kill('SIGTERM'), patience)
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const found = /^Playground: (.*)\/#token=(.*)$/.exec(line)
      if (!found) continue
      child.stdout.resume()
      return { url: `${found[1]}/graphql`, token: found[2], stop }
    }
    throw new Error('the demo ended before it served')
  } catch (error) {
    await stop()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
