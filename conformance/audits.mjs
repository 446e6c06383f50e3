// Runs every audit of the package graphql-http against the server, prints each, and ends with 1 if one did not pass.
import { readFileSync } from 'node:fs'
import { serverAudits } from 'graphql-http'
import { server } from './server.mjs'

const { version } = JSON.parse(readFileSync(new URL('node_modules/graphql-http/package.json', import.meta.url)))
const { url, token, stop } = await server()
let passed = 0
let audits
try {
  // A client signs in, and says with GET that it is no page of another origin.
  const fetchFn = (address, options = {}) =>
    fetch(address, {
      ...options,
      headers: { authorization: `Bearer ${token}`, 'graphql-preflight': '1', ...options.headers },
    })
  audits = serverAudits({ url, fetchFn })
  for (const audit of audits) {
    const result = await audit.fn()
    const ok = result.status === 'ok'
    if (ok) passed++
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${audit.id} ${audit.name}${ok ? '' : `: ${result.reason}`}`)
    if (!ok && result.response) console.log(`     ${result.response.status} ${result.response.statusText}`)
  }
} finally {
  await stop()
}
console.log(`${passed} of ${audits.length} audits of graphql-http ${version} passed`)
if (passed !== audits.length) process.exitCode = 1
