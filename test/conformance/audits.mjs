// Every audit of the package graphql-http.
import { serverAudits } from 'graphql-http'

/** Runs the audits against a server, prints those that do not pass, and returns how many pass of how many. */
export async function audits({ url, token }) {
  // A client signs in, and says with GET that it is no page of another origin.
  const fetchFn = (address, options = {}) =>
    fetch(address, {
      ...options,
      headers: { authorization: `Bearer ${token}`, 'graphql-preflight': '1', ...options.headers },
    })
  const all = serverAudits({ url, fetchFn })
  let passed = 0
  for (const audit of all) {
    const result = await audit.fn()
    if (result.status === 'ok') {
      passed++
      continue
    }
    console.log(`FAIL ${audit.id} ${audit.name}: ${result.reason}`)
    if (result.response) console.log(`     ${result.response.status} ${result.response.statusText}`)
  }
  return { passed, total: all.length }
}
