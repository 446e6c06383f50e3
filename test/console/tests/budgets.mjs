import { equal } from '../suite.mjs'

/** Measures what people feel, on a processor that is four times slower. */
export async function run(suite) {
  await suite.test('budgets: LCP, CLS and INP at a quarter of the speed', {}, async (page) => {
    await Promise.all(['By hand', 'Contoso', 'Fabrikam', 'Initech'].map((name) => suite.createReviewed(name)))
    await suite.act('cancelWorkflow', { workflowId: await suite.create('Not wanted', { start: false }) })
    const presses = await measured(page)
    await suite.open(page, '/workflows')
    await page.locator('[data-row]').first().waitFor()
    const { lcp } = await page.evaluate(() => window.felt)
    await presses.time('a filter', async () => {
      await page.getByRole('button', { name: /^Cancelled/ }).click()
      await page.waitForURL(/CANCELLED/)
    })
    await presses.time('no filter', async () => {
      await page.getByRole('button', { name: /^All/ }).click()
      await page.locator('[data-row]').nth(2).waitFor()
    })
    await presses.time('a text', () => page.getByLabel('Name contains').pressSequentially('by hand', { delay: 60 }))
    await presses.time('a row', async () => {
      await page.getByRole('link', { name: 'By hand', exact: true }).click()
      await page.getByText('Why is it not moving?').waitFor()
    })
    await presses.time('a tab', async () => {
      await page.getByRole('link', { name: 'Journal' }).click()
      await page.getByText('Verify this chain').waitFor()
    })
    const { cls, moved } = await page.evaluate(() => window.felt)
    console.log(`     LCP ${Math.round(lcp)} ms (goal < 1500), CLS ${cls.toFixed(3)} (goal < 0.1), ${presses.sentence()}`)
    presses.judge()
    if (process.env.CONSOLE_BUDGETS === 'strict' && lcp >= 1500) throw new Error('The LCP is over its goal.')
    if (cls >= 0.1) throw new Error(`The page moves: ${moved.join('; ')}`)
  })

  const count = Number(process.env.CONSOLE_MANY ?? 120)
  await suite.test(`budgets: a list of ${count} workflows by cursor`, {}, async (page) => {
    const filling = performance.now()
    const ids = await fill(suite, count)
    console.log(`     ${count} workflows created in ${Math.round((performance.now() - filling) / 1000)} s`)
    const presses = await measured(page)
    let requests = 0
    page.on('request', (request) => { if (request.url().endsWith('/graphql')) requests += 1 })
    const opening = performance.now()
    await suite.open(page, '/workflows?text=Many&order=oldest')
    await page.locator('[data-row]').nth(24).waitFor()
    await page.getByRole('button', { name: new RegExp(`^All ${count}$`) }).waitFor()
    console.log(`     the list and its counts after ${Math.round(performance.now() - opening)} ms`)
    const memory = await heapOf(page)

    await presses.time('a box', () => page.locator('[data-row] input').first().check())
    await presses.time('all boxes', () => page.getByLabel('Choose the page').check())
    await presses.time('no boxes', () => page.getByLabel('Choose the page').uncheck())
    await presses.time('the next page', async () => {
      const last = await page.locator('[data-row]').last().getAttribute('data-row')
      await page.getByRole('button', { name: 'Next page', exact: true }).click()
      await page.waitForURL(/after=/)
      await page.locator(`[data-row="${last}"]`).waitFor({ state: 'detached' })
      equal(await page.locator('[data-row]').count(), 25, 'rows of a page')
    })
    await page.waitForLoadState('networkidle')
    const before = requests
    await page.waitForTimeout(2500) // Whatever polled would do so within this time.
    equal(requests, before, 'requests of a page that nothing happens on')

    const shown = await page.locator('[data-row]').first().getAttribute('data-row')
    await page.locator('.connection.live').waitFor()
    await suite.act('cancelWorkflow', { workflowId: shown })
    const cancelled = performance.now()
    await page.locator(`[data-row="${shown}"]`).getByText('Cancelled').waitFor()
    console.log(`     a transition elsewhere is shown ${Math.round(performance.now() - cancelled)} ms after the answer (goal < 1000)`)

    await presses.time('further pages', async () => {
      for (let turn = 0; turn < Math.min(20, Math.floor(count / 25) - 3); turn++) {
        const last = await page.locator('[data-row]').last().getAttribute('data-row')
        await page.getByRole('button', { name: 'Next page', exact: true }).click()
        await page.locator(`[data-row="${last}"]`).waitFor({ state: 'detached' })
      }
    })
    await page.locator('[data-row]').first().hover()
    for (let turn = 0; turn < 12; turn++) await page.mouse.wheel(0, turn % 2 === 0 ? 900 : -900)
    const grown = await heapOf(page)
    const filtering = performance.now()
    await presses.time('a text', async () => {
      await page.getByLabel('Name contains').press('End')
      await page.getByLabel('Name contains').pressSequentially(` ${String(count - 1).padStart(5, '0')}`, { delay: 60 })
      await page.locator(`[data-row="${ids.at(-1)}"]`).waitFor()
      await page.waitForFunction(() => document.querySelectorAll('[data-row]').length === 1)
    })
    const filtered = Math.round(performance.now() - filtering)
    await presses.time('a row', async () => {
      await page.locator('[data-row] a').first().click()
      await page.getByText('Why is it not moving?').waitFor()
    })
    const { frame } = await page.evaluate(() => window.felt)
    console.log(`     ${presses.sentence()}; longest frame of the scroll ${Math.round(frame)} ms, a filter by name after ${filtered} ms, ` +
      `heap ${memory} MB, after the pages ${grown} MB`)
    presses.judge()
  })
}

/** Slows a page down, and times what a person does: the longest time from a press to the next frame. */
async function measured(page) {
  await page.addInitScript(watch)
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  const times = {}
  return {
    async time(name, act) {
      await page.evaluate(() => window.felt.read())
      await act()
      times[name] = await page.evaluate(async () => {
        await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))) })
        return window.felt.read()
      })
    },
    sentence: () => `INP ${Math.max(...Object.values(times))} ms (goal < 200): ${Object.entries(times).map(([name, time]) => `${name} ${time}`).join(', ')}`,
    judge() {
      const slow = Object.entries(times).filter(([, time]) => time >= 200)
      if (process.env.CONSOLE_BUDGETS === 'strict' && slow.length > 0) throw new Error(`over the goal: ${slow.map(([name]) => name).join(', ')}`)
    },
  }
}

/** Creates many workflows, ten in a request. Returns their ids by their number. */
async function fill(suite, count) {
  const ids = []
  const ten = async (first) => {
    const numbers = Array.from({ length: Math.min(10, count - first) }, (_, index) => first + index)
    const data = await suite.ask(`mutation { ${numbers.map((number) => `w${number}: createWorkflow(input: {
      name: "Many ${String(number).padStart(5, '0')}", company: { name: "Many", url: "https://many.example" } }) { workflow { id } }`).join(' ')} }`)
    for (const number of numbers) ids[number] = data[`w${number}`].workflow.id
  }
  const firsts = Array.from({ length: Math.ceil(count / 10) }, (_, index) => index * 10)
  await Promise.all(Array.from({ length: 8 }, async () => { while (firsts.length > 0) await ten(firsts.shift()) }))
  return ids
}

/** Keeps in a page what a person feels: the largest picture, shifts, the longest press and the longest frame of a scroll. */
function watch() {
  const felt = { lcp: 0, cls: 0, moved: [], frame: 0 }
  window.felt = felt
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) felt.lcp = entry.startTime })
    .observe({ type: 'largest-contentful-paint', buffered: true })
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue
      felt.cls += entry.value
      felt.moved.push(`${entry.value.toFixed(3)} ${entry.sources.map((one) => one.node?.className || one.node?.nodeName).join(', ')}`)
    }
  }).observe({ type: 'layout-shift', buffered: true })
  let longest = 0
  const keep = (entries) => { for (const entry of entries) if (entry.interactionId) longest = Math.max(longest, entry.duration) }
  const presses = new PerformanceObserver((list) => keep(list.getEntries()))
  presses.observe({ type: 'event', durationThreshold: 16, buffered: true })
  /** The longest press since the last call. */
  felt.read = () => {
    keep(presses.takeRecords())
    const found = longest
    longest = 0
    return found
  }
  let last = 0
  let until = 0
  const onFrame = (now) => {
    if (last > 0) felt.frame = Math.max(felt.frame, now - last)
    last = now
    if (now < until) requestAnimationFrame(onFrame)
    else last = 0
  }
  addEventListener('wheel', () => {
    until = performance.now() + 200
    if (last === 0) requestAnimationFrame(onFrame)
  }, { passive: true })
}

/** The used heap of a page in megabytes, after a collection. */
async function heapOf(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  return (usedSize / 1e6).toFixed(1)
}
