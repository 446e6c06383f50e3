import { CombinedError } from '@urql/core'
import { describe, expect, it } from 'vitest'
import { pauseBefore } from './live'
import { bodyOf, offline, outdated, problemOf } from './network'
import { challengeOf, waitFor } from './oidc'
import { endOf, session, signInWithToken, signOut, tokenIn } from './session'
import { outcomeOf } from './client'

describe('the session', () => {
  const token = (exp: number) => `e30.${btoa(JSON.stringify({ exp }))}.x`
  it('reads a token from a link, and its end', () => {
    expect(tokenIn('#token=abc')).toBe('abc')
    expect(tokenIn('#other=abc')).toBeNull()
    expect(endOf(token(5))).toBe(5000)
    expect(endOf('infin8_key')).toBeNull()
  })
  it('refuses what cannot be a token', () => {
    expect(signInWithToken(' ')).toBe('Paste a token.')
    expect(signInWithToken('two words')).toContain('not a token')
    expect(signInWithToken('x'.repeat(9000))).toContain('not a token')
    expect(signInWithToken(token(1))).toBe('This token has expired.')
    expect(session.get()).toBeNull()
    expect(signInWithToken(`Bearer ${token(4e9)}`)).toBeNull()
    expect(session.get()?.token).toBe(token(4e9))
    signOut()
    expect(sessionStorage).toHaveLength(0)
  })
})

describe('signing in at an issuer', () => {
  it('has the challenge of RFC 7636, appendix B', async () => {
    expect(await challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })
  it('renews a minute before the end, or half of a short life', () => {
    expect(waitFor(3_600_000, 0)).toBe(3_540_000)
    expect(waitFor(20_000, 0)).toBe(10_000)
    expect(waitFor(-1, 0)).toBe(0)
  })
})

describe('the network', () => {
  it('names an operation by its id and never sends its text', () => {
    expect(bodyOf({ variables: { a: 1 }, context: { documentId: 'sha256:x' } })).toBe('{"documentId":"sha256:x","variables":{"a":1}}')
  })
  it('describes what went wrong', () => {
    const graphQL = (code: string) => problemOf(new CombinedError({ graphQLErrors: [{ message: 'm', extensions: { code, requestId: 'r' } } as never] }))
    expect(graphQL('FORBIDDEN')).toEqual({ kind: 'forbidden', message: 'm', requestId: 'r' })
    expect(graphQL('INTERNAL').kind).toBe('internal')
    expect(graphQL('TIMED_OUT').kind).toBe('limited')
    expect(problemOf(new CombinedError({ networkError: new Error(offline) })).kind).toBe('offline')
    expect(problemOf(new CombinedError({ networkError: new Error(outdated) })).kind).toBe('outdated')
  })
  it('waits longer before each attempt, up to 8 s', () => {
    expect(pauseBefore(0, 1)).toBe(250)
    expect(pauseBefore(20, 1)).toBe(8000)
    expect(pauseBefore(20, 0)).toBe(4000)
  })
  it('takes the payload of a mutation apart', () => {
    const errors = [{ code: 'INVALID_INPUT', message: 'm', field: ['name'] }]
    const data = { __typename: 'Mutation' as const, createWorkflow: { workflow: null, userErrors: errors } }
    expect(outcomeOf(data, undefined)).toEqual({ payload: data.createWorkflow, userErrors: errors, problem: null })
  })
})
