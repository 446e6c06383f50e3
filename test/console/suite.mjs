// The little that the tests need: steps with a name, pages, and the API.
import { setTimeout as pause } from 'node:timers/promises'
import { openPage, violations } from './browser.mjs'

export class Suite {
  constructor(browser, world, only) {
    Object.assign(this, { browser, world, only, failed: 0, began: performance.now() })
  }

  /** Runs one test with a page of its own. Its page must make no foreign request and break no policy. */
  async test(name, options, body) {
    if (this.only.length > 0 && !this.only.some((word) => name.includes(word))) return
    const began = performance.now()
    const { address, issuer, members } = this.world
    const page = await openPage(this.browser, { origins: [address, issuer, members], ...options })
    page.setDefaultTimeout(15_000)
    try {
      await body(page)
      const reports = await page.evaluate(() => window.reports).catch(() => [])
      if (page.faults.length + reports.length > 0) throw new Error([...page.faults, ...reports].join('\n'))
      console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`)
    } catch (error) {
      this.failed += 1
      console.log(`FAIL ${name}: ${error.stack ?? error}`)
      const shot = `${process.env.TMPDIR ?? '/tmp'}/console-failure-${this.failed}.png`
      await page.screenshot({ path: shot, timeout: 5000 }).then(() => console.log(`     ${page.url()} ${shot}`), () => {})
    } finally {
      await page.context().close()
    }
  }

  token(role = 'ADMIN') { return this.world.tokens[role] }

  /** Opens an address of the console, signed in. */
  async open(page, path, role = 'ADMIN') {
    await page.goto(`${this.world.address}/console${path}#token=${this.token(role)}`)
  }

  /** Asks the API directly, for what a test only needs. */
  async ask(query, variables = {}, role = 'ADMIN') {
    const response = await fetch(`${this.world.address}/graphql`, {
      method: 'POST', body: JSON.stringify({ query, variables }),
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${this.token(role)}` },
    })
    const { data, errors } = await response.json()
    if (errors) throw new Error(JSON.stringify(errors))
    return data
  }

  async control(action) { await fetch(`${this.world.control}/${action}`, { method: 'POST' }) }

  /** Creates a workflow by the API, and starts it unless told otherwise. Returns its id. */
  async create(name, { start = true, spendLimit = null } = {}) {
    const { createWorkflow } = await this.ask(
      `mutation($input: CreateWorkflowInput!) { createWorkflow(input: $input) { workflow { id } userErrors { message } } }`,
      { input: { name, company: { name: 'Acme Robotics', url: 'https://acme-robotics.example' }, spendLimit } })
    const id = createWorkflow.workflow.id
    if (start) await this.ask(`mutation($id: ID!) { startStep(input: { workflowId: $id }) { userErrors { message } } }`, { id })
    return id
  }

  /** Waits until a workflow is in a state. */
  async reaches(id, state) {
    return this.until(`${id} is ${state}`, async () =>
      (await this.ask(`query($id: ID!) { workflow(id: $id) { state } }`, { id })).workflow.state === state)
  }

  async until(what, fact, timeout = 20_000) {
    for (const end = performance.now() + timeout; performance.now() < end; await pause(100)) {
      if (await fact()) return
    }
    throw new Error(`not within ${timeout} ms: ${what}`)
  }

  /** Throws when axe finds something. */
  async accessible(page, what) {
    const found = await violations(page)
    if (found.length > 0) throw new Error(`axe on ${what}:\n  ${found.join('\n  ')}`)
  }

  async end() {
    await this.browser.close()
    console.log(`${this.failed === 0 ? 'all passed' : `${this.failed} failed`} in ${Math.round((performance.now() - this.began) / 1000)} s`)
    process.exit(this.failed === 0 ? 0 : 1)
  }
}

export function equal(got, want, what) {
  if (got !== want) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`)
}
