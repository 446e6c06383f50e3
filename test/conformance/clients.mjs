// The clients that people use, each with its own way to ask, to fail and to come back. All have the same shape:
//   ask(query, variables)       resolves to { data, codes }, the codes those of the errors
//   follow(variables, tell)     tells every version of a workflow and resolves when nothing more will come
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { createClient as createEventClient } from 'graphql-sse'
import { createClient as createSocketClient } from 'graphql-ws'
import WebSocket from 'ws'

globalThis.WebSocket ??= WebSocket // Apollo's link looks for the one that browsers have

const following = `subscription Follow($id: ID!, $after: Int!) {
  workflowTransitioned(workflowId: $id, afterVersion: $after) { transition { version to } }
}`
const pause = () => new Promise((resolve) => setTimeout(resolve, 100))
const codesOf = (errors) => (errors ?? []).map((error) => error.extensions?.code)

// going are variables that always say the last version that was seen: a client that sends its operation again after a
// break goes on from there.
function going({ id, after }, tell) {
  const variables = { id, get after() { return after } }
  const next = ({ data, errors }) => {
    if (errors) throw new Error(JSON.stringify(errors))
    after = data.workflowTransitioned.transition.version
    tell(after)
  }
  return { variables, next }
}

function sockets({ url, token }, options) {
  return createSocketClient({
    url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${token}` },
    ...options,
  })
}

// byRetry follows with a client that comes back by itself.
function byRetry(client, given, tell) {
  const { variables, next } = going(given, tell)
  return new Promise((complete, error) => client.subscribe({ query: following, variables }, { next, error, complete }))
}

function askOnce(client, query, variables) {
  return new Promise((resolve, reject) => {
    let answer
    client.subscribe({ query, variables }, {
      next: (result) => { answer = { data: result.data, codes: codesOf(result.errors) } },
      error: (cause) => (Array.isArray(cause) ? resolve({ codes: codesOf(cause) }) : reject(cause)),
      complete: () => resolve(answer),
    })
  })
}

// bySubscribingAgain follows with a client that gives up when the connection breaks: its user comes back. once resolves
// to whether the server has said that nothing more will come.
async function bySubscribingAgain(once, given, tell) {
  const { variables, next } = going(given, tell)
  while (!(await once({ ...variables }, next))) await pause()
}

const graphqlWs = (server) => {
  const client = sockets(server, { retryAttempts: Infinity, retryWait: pause, shouldRetry: () => true })
  return {
    ask: (query, variables) => askOnce(client, query, variables),
    follow: (given, tell) => byRetry(client, given, tell),
    close: () => client.dispose(),
  }
}

const graphqlSse = ({ url, token }) => {
  const client = createEventClient({
    url, headers: { authorization: `Bearer ${token}` }, retryAttempts: Infinity, retry: pause,
  })
  return {
    ask: (query, variables) => askOnce(client, query, variables),
    follow: (given, tell) => byRetry(client, given, tell),
    close: () => client.dispose(),
  }
}

const apollo = (server) => {
  const socket = sockets(server, { retryAttempts: 0 })
  const http = new HttpLink({ uri: server.url, headers: { authorization: `Bearer ${server.token}` } })
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(({ operationType }) => operationType === 'subscription', new GraphQLWsLink(socket), http),
  })
  const once = (variables, next) => new Promise((resolve) => {
    let over = true
    client.subscribe({ query: gql(following), variables, fetchPolicy: 'no-cache' }).subscribe({
      next: ({ data, error }) => (error ? (over = false) : next({ data })),
      error: () => resolve(false),
      complete: () => resolve(over),
    })
  })
  return {
    async ask(query, variables) {
      const operation = { variables, errorPolicy: 'all', fetchPolicy: 'no-cache' }
      const { data, error } = /^\s*mutation/.test(query) ? await client.mutate({ mutation: gql(query), ...operation })
        : await client.query({ query: gql(query), ...operation })
      if (error && !CombinedGraphQLErrors.is(error)) throw error
      return { data, codes: codesOf(error?.errors) }
    },
    follow: (given, tell) => bySubscribingAgain(once, given, tell),
    close: () => { client.stop(); return socket.dispose() },
  }
}

const urql = (server) => {
  const socket = sockets(server, { retryAttempts: 0 })
  const client = new Client({
    url: server.url, requestPolicy: 'network-only', preferGetMethod: false,
    fetchOptions: { headers: { authorization: `Bearer ${server.token}` } },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  })
  const once = (variables, next) => new Promise((resolve) => {
    client.subscription(following, variables).subscribe(({ data, error, hasNext }) => {
      if (error) resolve(false)
      else if (hasNext) next({ data })
      else resolve(true) // and the last event once more
    })
  })
  return {
    async ask(query, variables) {
      const send = /^\s*mutation/.test(query) ? client.mutation : client.query
      const { data, error } = await send.call(client, query, variables)
      if (error?.networkError) throw error.networkError
      return { data, codes: codesOf(error?.graphQLErrors) }
    },
    follow: (given, tell) => bySubscribingAgain(once, given, tell),
    close: () => socket.dispose(),
  }
}

export const clients = {
  'graphql-ws': { make: graphqlWs, over: 'websocket' },
  'graphql-sse': { make: graphqlSse, over: 'server-sent events' },
  '@apollo/client': { make: apollo, over: 'HTTP, websocket' },
  '@urql/core': { make: urql, over: 'HTTP, websocket' },
}

export { sockets }
