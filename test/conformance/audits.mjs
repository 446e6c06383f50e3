// Every audit of the package graphql-http.
import { serverAudits } from 'graphql-http'

/** Runs the audits against a server, prints the failed ones, and returns the numbers of passed and of all audits. */
export async function audits({ url, token }) {
  // The preflight header proves that a GET request is not from a page of another origin.
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
