// Widely used clients behind one interface:
//   ask(query, variables)       resolves to { data, codes }, with the codes of the errors
//   follow(variables, report)   reports every version of a workflow and resolves after the last one
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { createClient as createEventClient } from 'graphql-sse'
import { createClient as createSocketClient } from 'graphql-ws'
import WebSocket from 'ws'

globalThis.WebSocket ??= WebSocket // Apollo's link needs the global of browsers

const following = `subscription Follow($id: ID!, $after: Int!) {
  workflowTransitioned(workflowId: $id, afterVersion: $after) { transition { version to } }
}`
const pause = () => new Promise((resolve) => setTimeout(resolve, 100))
const codesOf = (errors) => (errors ?? []).map((error) => error.extensions?.code)

// resumable returns variables whose version is always the last received one. A client that repeats its operation after a
// disconnect continues from there.
function resumable({ id, after }, report) {
  const variables = { id, get after() { return after } }
  const next = ({ data, errors }) => {
    if (errors) throw new Error(JSON.stringify(errors))
    after = data.workflowTransitioned.transition.version
    report(after)
  }
  return { variables, next }
}

function sockets({ url, token }, options) {
  return createSocketClient({
    url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${token}` },
    ...options,
  })
}

// byRetry follows with a client that reconnects by itself.
function byRetry(client, given, report) {
  const { variables, next } = resumable(given, report)
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

// bySubscribingAgain follows with a client that reports a broken connection: its user subscribes again. once resolves to
// true when the server has completed the subscription.
async function bySubscribingAgain(once, given, report) {
  const { variables, next } = resumable(given, report)
  while (!(await once({ ...variables }, next))) await pause()
}

const graphqlWs = (server) => {
  const client = sockets(server, { retryAttempts: Infinity, retryWait: pause, shouldRetry: () => true })
  return {
    ask: (query, variables) => askOnce(client, query, variables),
    follow: (given, report) => byRetry(client, given, report),
    close: () => client.dispose(),
  }
}

const graphqlSse = ({ url, token }) => {
  const client = createEventClient({
    url, headers: { authorization: `Bearer ${token}` }, retryAttempts: Infinity, retry: pause,
  })
  return {
    ask: (query, variables) => askOnce(client, query, variables),
    follow: (given, report) => byRetry(client, given, report),
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
    follow: (given, report) => bySubscribingAgain(once, given, report),
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
      else resolve(true) // urql repeats the last event at the end
    })
  })
  return {
    async ask(query, variables) {
      const send = /^\s*mutation/.test(query) ? client.mutation : client.query
      const { data, error } = await send.call(client, query, variables)
      if (error?.networkError) throw error.networkError
      return { data, codes: codesOf(error?.graphQLErrors) }
    },
    follow: (given, report) => bySubscribingAgain(once, given, report),
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
