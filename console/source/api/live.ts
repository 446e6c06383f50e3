// The one websocket of the page, for subscriptions. It connects again by itself.
import type { SubscriptionOperation } from '@urql/core'
import { createClient, type Client } from 'graphql-ws'
import { createStore } from './store'
import { renew } from './oidc'
import { session, signOut } from './session'
import type { Settings } from './settings'

/** The state of the connection. 'idle' is the time before the first one. */
export const connection = createStore<'idle' | 'live' | 'lost'>('idle')
/** The number of connections so far: a page reads its data again when it grows. */
export const connections = createStore(0)

const invalidToken = 4403

/** The time before an attempt to connect, in milliseconds: doubling to 8 s, with jitter. */
export function pauseBefore(attempt: number, jitter = Math.random()): number {
  return Math.min(8000, 250 * 2 ** Math.min(attempt, 10)) * (0.5 + jitter / 2)
}

export function createSocket(settings: Settings): Client {
  const address = new URL('/graphql', location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  let seen = false
  return createClient({
    url: address.href,
    lazy: true,
    keepAlive: 20_000,
    retryAttempts: Infinity,
    // An Error is a mistake of this program, which a repetition would only repeat.
    shouldRetry: (cause) => session.get() !== null && !(cause instanceof Error),
    retryWait: (attempt) => new Promise((resolve) => { setTimeout(resolve, pauseBefore(attempt)) }),
    connectionParams: () => ({ authorization: `Bearer ${session.get()?.token ?? ''}` }),
    on: {
      connected() {
        connection.set('live')
        if (seen) connections.set(connections.get() + 1)
        seen = true
      },
      closed(event) {
        const { code } = event as CloseEvent
        if (session.get() !== null && code !== 1000) connection.set('lost')
        if (code === invalidToken) {
          void renew(settings).then((renewed) => {
            if (!renewed) signOut('The server no longer accepts your sign-in. Sign in again to go on where you were.')
          })
        }
      },
    },
  })
}

/** The function with which urql subscribes. A document goes by its id. */
export function forwardTo(client: Client) {
  return (_: unknown, operation: SubscriptionOperation & { context: { documentId?: string } }) => ({
    subscribe: (sink: { next: (v: never) => void; error: (e: unknown) => void; complete: () => void }) => ({
      unsubscribe: client.subscribe(
        // The library demands a query; the server takes the document when the query is empty.
        { query: '', documentId: operation.context.documentId, variables: operation.variables } as never,
        { next: (value) => sink.next(value as never), error: sink.error, complete: sink.complete },
      ),
    }),
  })
}
