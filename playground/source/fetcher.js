// Sends queries and mutations by POST, and subscriptions over a websocket with graphql-transport-ws.
import { getOperationAST, parse } from 'graphql'
import { createClient } from 'graphql-ws'

export const endpoint = new URL('graphql', location.origin + location.pathname)
const kept = 200 // the number of events of a subscription on the page

// summarize describes an answer by the codes of its errors, else by those of its userErrors, else by OK.
function summarize(status, answer) {
  const words = (list) => [...new Set(list)].join(', ')
  const errors = (answer?.errors ?? []).map((error) => error.extensions?.code ?? 'error')
  if (errors.length > 0 || status >= 400) return { kind: 'bad', word: words(errors) || `HTTP ${status}` }
  const refused = Object.values(answer?.data ?? {}).flatMap((payload) => payload?.userErrors ?? [])
  if (refused.length > 0) return { kind: 'warn', word: words(refused.map((error) => error.code ?? 'refused')) }
  return { kind: 'good', word: 'OK' }
}

function isSubscription({ query, operationName }) {
  try {
    return getOperationAST(parse(query), operationName)?.operation === 'subscription'
  } catch {
    return false // the server's answer names the error
  }
}

/** Returns the fetcher of GraphiQL. Its close() ends all subscriptions. */
export function makeFetcher({ token, learn, report }) {
  let sockets = null
  const isOwn = (params) => params.operationName !== 'IntrospectionQuery'

  async function post(params) {
    const start = performance.now()
    const response = await fetch(endpoint, {
      method: 'POST', credentials: 'omit', cache: 'no-store', body: JSON.stringify(params),
      headers: {
        'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json;q=0.9',
        Authorization: `Bearer ${token}`,
      },
    })
    const text = await response.text()
    const answer = JSON.parse(text)
    if (isOwn(params)) {
      learn(answer)
      const size = text.length < 1000 ? `${text.length} B` : `${(text.length / 1000).toFixed(1)} kB`
      report({
        ...summarize(response.status, answer),
        details: [
          `${Math.round(performance.now() - start)} ms`, size, `HTTP ${response.status}`,
          `request ${response.headers.get('X-Request-Id') ?? 'without id'}`,
        ],
      })
    }
    return answer
  }

  // follow shows the events of a subscription, latest first, until GraphiQL unsubscribes.
  const follow = (params) => ({
    subscribe(observer) {
      sockets ??= createClient({
        url: endpoint.href.replace(/^http/, 'ws'), retryAttempts: 0,
        connectionParams: { authorization: `Bearer ${token}` },
      })
      const events = []
      const count = () => `${events.length} events`
      report({ kind: 'good', word: 'Following', details: ['nothing yet'] })
      const stop = sockets.subscribe(params, {
        next(event) {
          learn(event)
          events.unshift(event)
          events.splice(kept)
          const at = new Date().toLocaleTimeString('en-GB')
          report({ ...summarize(0, event), word: 'Following', details: [count(), `the last one at ${at}`] })
          observer.next({ events: [...events] })
        },
        error(cause) {
          const closed = cause instanceof CloseEvent
          const errors = Array.isArray(cause) ? cause : [{ message: String(cause.message ?? cause) }]
          if (closed) errors[0] = { message: `The socket was closed with ${cause.code} ${cause.reason}`.trim() + '.' }
          report(closed ? { kind: 'bad', word: `Closed with ${cause.code}`, details: [count()] } :
            { ...summarize(0, { errors }), details: [] })
          observer.next(events.length > 0 ? { errors, events } : { errors })
          observer.complete()
        },
        complete() {
          report({ kind: 'good', word: 'Complete', details: [count()] })
          observer.complete()
        },
      })
      return { unsubscribe: stop }
    },
  })

  const fetcher = (params) => {
    if (token === '') return Promise.resolve({ errors: [{ message: 'Paste a token into the field at the top.' }] })
    return isSubscription(params) ? follow(params) : post(params)
  }
  fetcher.close = () => sockets?.dispose()
  return fetcher
}
