// The close codes for mistakes of a client, as the package ws receives them and as the client graphql-ws reports them.
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws'
import WebSocket from 'ws'
import { sockets } from './clients.mjs'

// closeCode sends each message after the answer to the one before, and returns the close code.
function closeCode(url, messages) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), GRAPHQL_TRANSPORT_WS_PROTOCOL)
    const rest = [...messages]
    const send = () => { if (rest.length > 0) socket.send(JSON.stringify(rest.shift())) }
    socket.on('open', send)
    socket.on('message', send)
    socket.on('close', resolve)
    socket.on('error', reject)
  })
}

// reportedCode returns the close code that the client graphql-ws reports for an operation.
function reportedCode(server, options) {
  const client = sockets(server, { retryAttempts: 0, ...options })
  return new Promise((resolve) => {
    client.subscribe({ query: '{ viewer { role } }' }, {
      next() {}, error: (event) => resolve(event.code), complete: () => resolve('none'),
    })
  })
}

/** Returns [client, mistake, code, expected] for each mistake. */
export async function codes({ url, token }) {
  const init = { type: 'connection_init', payload: { authorization: `Bearer ${token}` } }
  const payload = { query: 'subscription { organizationTransitioned { resync } }' }
  const forever = { id: '1', type: 'subscribe', payload }
  const silent = { connectionParams: () => new Promise(() => {}) }
  const all = [
    ['ws', 'an unknown type', closeCode(url, [init, { type: 'start' }]), CloseCode.BadRequest],
    ['ws', 'subscribe before connection_init', closeCode(url, [forever]), CloseCode.Unauthorized],
    ['graphql-ws', 'an invalid token', reportedCode({ url, token: 'x' }), CloseCode.Forbidden],
    ['graphql-ws', 'no connection_init', reportedCode({ url, token }, silent), CloseCode.ConnectionInitialisationTimeout],
    ['ws', 'a used operation id', closeCode(url, [init, forever, forever]), CloseCode.SubscriberAlreadyExists],
    ['ws', 'a second connection_init', closeCode(url, [init, init]), CloseCode.TooManyInitialisationRequests],
  ]
  return Promise.all(all.map(async ([client, mistake, code, expected]) => [client, mistake, await code, expected]))
}
