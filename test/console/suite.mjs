// The little that the tests need: steps with a name, pages, and the API.
import { setTimeout as pause } from 'node:timers/promises'
import { openPage, violations } from './browser.mjs'

/** The tests of one lane, which has an organization of its own. A tally is that of all lanes. */
export class Suite {
  constructor(browser, world, lane, tally) {
    Object.assign(this, { browser, world, lane: world.lanes[lane], tally })
  }

  /** Runs one test with a page of its own; another person of it gets one more. No page makes a foreign request or breaks a policy. */
  async test(name, options, body) {
    const { only } = this.tally
    if (only.length > 0 && !only.some((word) => name.includes(word))) return
    const began = performance.now()
    const { address, fragile, issuer, members } = this.world
    const pages = []
    const person = async () => {
      const page = await openPage(this.browser, { origins: [address, fragile, issuer, members], ...options })
      page.setDefaultTimeout(30_000) // A machine may be busy with other things.
      pages.push(page)
      return page
    }
    try {
      await body(await person(), person)
      for (const page of pages) {
        const reports = await page.evaluate(() => window.reports).catch(() => [])
        if (page.faults.length + reports.length > 0) throw new Error([...page.faults, ...reports].join('\n'))
      }
      console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`)
    } catch (error) {
      this.fails(name, error)
      for (const [index, page] of pages.entries()) {
        const shot = `${process.env.TMPDIR ?? '/tmp'}/console-failure-${this.tally.failed}-${index}.png`
        await page.screenshot({ path: shot, timeout: 5000 }).then(() => console.log(`     ${page.url()} ${shot}`), () => {})
      }
    } finally {
      for (const page of pages) await page.context().close()
    }
  }

  fails(name, error) {
    this.tally.failed += 1
    console.log(`FAIL ${name}: ${error.stack ?? error}`)
  }

  token(role = 'ADMIN') { return this.lane.tokens[role] }

  /** Opens an address of the console, signed in. */
  async open(page, path, role = 'ADMIN', address = this.world.address) {
    await page.goto(`${address}/console${path}#token=${this.token(role)}`)
  }

  /** Goes to an address of the console within the open page, as a link of it does. */
  async go(page, path) {
    await page.evaluate((to) => history.pushState({}, '', to), `/console${path}`)
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

  /** Sends a mutation that takes one input. It throws when the server refuses. Returns the payload's fields. */
  async act(name, input, fields = '', role = 'ADMIN') {
    const type = `${name[0].toUpperCase()}${name.slice(1)}Input`
    const data = await this.ask(`mutation($i: ${type}!) { ${name}(input: $i) { ${fields} userErrors { message } } }`, { i: input }, role)
    const { userErrors } = data[name]
    if (userErrors.length > 0) throw new Error(`${name}: ${userErrors.map((one) => one.message).join(' ')}`)
    return data[name]
  }

  async control(action) { await fetch(`${this.world.control}/${action}`, { method: 'POST' }) }

  /** Creates a workflow by the API, and starts it unless told otherwise. Returns its id. */
  async create(name, { start = true, spendLimit = null } = {}) {
    const { workflow: { id } } = await this.act('createWorkflow',
      { name, company: { name: 'Acme Robotics', url: 'https://acme-robotics.example' }, spendLimit }, 'workflow { id }')
    if (start) await this.act('startStep', { workflowId: id })
    return id
  }

  /** Creates a workflow that waits for the review of its keywords. Returns its id. */
  async createReviewed(name) {
    const id = await this.create(name)
    await this.reaches(id, 'SEED_REVIEW_PENDING')
    return id
  }

  /** Selects the commercial keywords of a workflow and approves them. */
  async approveKeywords(workflowId) {
    await this.act('decideKeywords', { workflowId, where: { intents: ['COMMERCIAL'] }, choice: 'SELECTED' })
    await this.approveSelected(workflowId)
  }

  /** Approves the selected keywords of a workflow. */
  async approveSelected(workflowId) {
    const { workflow } = await this.ask(`query($id: ID!) { workflow(id: $id) { version keywordSelection { digest } } }`, { id: workflowId })
    await this.act('approveSeeds',
      { workflowId, expectedVersion: workflow.version, selectionDigest: workflow.keywordSelection.digest })
  }

  /** Makes a publish target and waits until it is ready. */
  async createSite(input) {
    const { target } = await this.act('createPublishTarget', input, 'target { id }')
    await this.act('testPublishTarget', { targetId: target.id })
    await this.until('the targets are ready', async () => {
      const { viewer } = await this.ask('{ viewer { organization { publishTargets { state } } } }')
      return viewer.organization.publishTargets.every((one) => one.state === 'READY')
    })
  }

  /** Makes a WordPress of the sandbox the publish target. */
  async createWordPress(name, baseUrl) {
    const [username, secret] = this.world.login
    await this.createSite({ name, kind: 'WORDPRESS', policy: 'PUBLISH', baseUrl, username, secret })
  }

  /** Waits until a workflow is in a state. */
  async reaches(id, state) {
    return this.until(`${id} is ${state}`, async () =>
      (await this.ask(`query($id: ID!) { workflow(id: $id) { state } }`, { id })).workflow.state === state)
  }

  async until(what, fact, timeout = 60_000) {
    for (const end = performance.now() + timeout; performance.now() < end; await pause(100)) {
      if (await fact()) return
    }
    throw new Error(`not within ${timeout} ms: ${what}`)
  }

  /** Throws when axe finds something. Another theme of a page that was checked changes only colors. */
  async accessible(page, what, { onlyColors = false } = {}) {
    const found = await violations(page, onlyColors)
    if (found.length > 0) throw new Error(`axe on ${what}:\n  ${found.join('\n  ')}`)
  }
}

export function equal(got, want, what) {
  if (got !== want) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`)
}

/** Makes something when a test first needs it, once. */
export function once(make) {
  let made
  return () => (made ??= make())
}

/** The keyboard of a page. Each press must leave the focus on an element that is on the screen and shows it. */
export function keyboardOf(page) {
  const focused = () => page.evaluate(() => {
    const element = document.activeElement
    if (element === document.body) return ''
    return element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent
  })
  /** Why the focus cannot be seen; null when it can. A part that only took over the focus needs no ring. */
  const unseen = () => page.evaluate(() => {
    const element = document.activeElement
    if (element === document.body) return 'the focus is lost'
    if (element.getAttribute('tabindex') === '-1') return null
    const { top, bottom, width } = element.getBoundingClientRect()
    const { outlineStyle, outlineWidth } = getComputedStyle(element)
    const isNear = bottom > 0 && top < innerHeight && width > 0
    return isNear && outlineStyle !== 'none' && outlineWidth !== '0px' ? null : `${element.outerHTML.slice(0, 120)} does not show its focus`
  })
  const press = async (key) => {
    await page.keyboard.press(key)
    const why = await unseen()
    if (why) throw new Error(`after ${key}: ${why}`)
  }
  /** Presses a key until the focus is on an element with this name. */
  const reach = async (key, name, most = 60) => {
    for (let presses = 0; presses < most; presses++) {
      if (name.test((await focused()).trim())) return
      await press(key)
    }
    throw new Error(`not reached by ${key}: ${name}; the focus is on ${await focused()}`)
  }
  return { focused, press, reach }
}
