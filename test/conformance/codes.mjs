// What a client that makes a mistake is closed with, seen by the package ws, and what the client graphql-ws reports.
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import WebSocket from 'ws'
import { sockets } from './clients.mjs'

// closing says what is to be said, each after an answer to the one before, and returns the code it is closed with.
function closing(url, messages) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), GRAPHQL_TRANSPORT_WS_PROTOCOL)
    const rest = [...messages]
    const say = () => { if (rest.length > 0) socket.send(JSON.stringify(rest.shift())) }
    socket.on('open', say)
    socket.on('message', say)
    socket.on('close', resolve)
    socket.on('error', reject)
  })
}

// refused is the code that the client graphql-ws reports for an operation.
function refused(server, options) {
  const client = sockets(server, { retryAttempts: 0, ...options })
  return new Promise((resolve) => {
    client.subscribe({ query: '{ viewer { role } }' }, {
      next() {}, error: (event) => resolve(event.code), complete: () => resolve('none'),
    })
  })
}

/** Returns [client, mistake, code, expected] for each. */
export async function codes({ url, token }) {
  const init = { type: 'connection_init', payload: { authorization: `Bearer ${token}` } }
  const payload = { query: 'subscription { organizationTransitioned { resync } }' }
  const forever = { id: '1', type: 'subscribe', payload }
  const silent = { connectionParams: () => new Promise(() => {}) }
  const all = [
    ['ws', 'an unknown type', closing(url, [init, { type: 'start' }]), CloseCode.BadRequest],
    ['ws', 'subscribe before the introduction', closing(url, [forever]), CloseCode.Unauthorized],
    ['graphql-ws', 'a token that is not good', refused({ url, token: 'x' }), CloseCode.Forbidden],
    ['graphql-ws', 'no introduction', refused({ url, token }, silent), CloseCode.ConnectionInitialisationTimeout],
    ['ws', 'an id that is in use', closing(url, [init, forever, forever]), CloseCode.SubscriberAlreadyExists],
    ['ws', 'a second introduction', closing(url, [init, init]), CloseCode.TooManyInitialisationRequests],
  ]
  return Promise.all(all.map(async ([client, mistake, code, expected]) => [client, mistake, await code, expected]))
}
