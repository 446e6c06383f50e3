import { equal } from '../suite.mjs'

/** Measures what people feel, on a processor that is four times slower. */
export async function run(suite) {
  await suite.test('budgets: LCP, CLS and INP at a quarter of the speed', {}, async (page) => {
    await Promise.all(['By hand', 'Contoso', 'Fabrikam', 'Initech'].map((name) => suite.createReviewed(name)))
    await suite.act('cancelWorkflow', { workflowId: await suite.create('Not wanted', { start: false }) })
    const session = await page.context().newCDPSession(page)
    await page.addInitScript(() => {
      window.felt = { lcp: 0, cls: 0, inp: 0, moved: [] }
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.felt.lcp = entry.startTime })
        .observe({ type: 'largest-contentful-paint', buffered: true })
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
        window.felt.cls += entry.value
        window.felt.moved.push(`${entry.value.toFixed(3)} ${entry.sources.map((one) => one.node?.className || one.node?.nodeName).join(', ')}`)
      } })
        .observe({ type: 'layout-shift', buffered: true })
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (entry.interactionId) window.felt.inp = Math.max(window.felt.inp, entry.duration) })
        .observe({ type: 'event', durationThreshold: 16, buffered: true })
    })
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    await suite.open(page, '/workflows')
    await page.locator('[data-row]').first().waitFor()
    const { lcp } = await page.evaluate(() => window.felt)
    await page.getByRole('button', { name: /^Cancelled/ }).click()
    await page.waitForURL(/CANCELLED/)
    await page.getByRole('button', { name: /^All/ }).click()
    await page.getByLabel('Name contains').pressSequentially('by hand', { delay: 60 })
    await page.getByRole('link', { name: 'By hand', exact: true }).click()
    await page.getByText('Why is it not moving?').waitFor()
    await page.getByRole('link', { name: 'Journal' }).click()
    await page.getByText('Verify this chain').waitFor()
    const { cls, inp, moved } = await page.evaluate(() => window.felt)
    console.log(`     LCP ${Math.round(lcp)} ms (goal < 1500), CLS ${cls.toFixed(3)} (goal < 0.1), INP ${inp} ms (goal < 200)`)
    if (process.env.CONSOLE_BUDGETS === 'strict' && (lcp >= 1500 || inp >= 200)) throw new Error('A time is over its goal.')
    if (cls >= 0.1) throw new Error(`The page moves: ${moved.join('; ')}`)
  })

  const count = Number(process.env.CONSOLE_MANY ?? 120)
  await suite.test(`budgets: a list of ${count} workflows by cursor`, {}, async (page) => {
    const filling = performance.now()
    const ids = await fill(suite, count)
    console.log(`     ${count} workflows created in ${Math.round((performance.now() - filling) / 1000)} s`)
    await page.addInitScript(watch)
    let requests = 0
    page.on('request', (request) => { if (request.url().endsWith('/graphql')) requests += 1 })
    const opening = performance.now()
    await suite.open(page, '/workflows?text=Many&order=oldest')
    await page.locator('[data-row]').nth(24).waitFor()
    await page.getByRole('button', { name: new RegExp(`^All ${count}$`) }).waitFor()
    console.log(`     the list and its counts after ${Math.round(performance.now() - opening)} ms`)
    const memory = await heapOf(page)

    const began = performance.now()
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.waitForURL(/after=/)
    await page.waitForFunction(() => document.querySelectorAll('[data-row]').length === 25)
    console.log(`     the next page after ${Math.round(performance.now() - began)} ms, ${requests} requests so far`)
    await page.waitForTimeout(1000)
    const before = requests
    await page.waitForTimeout(3000)
    equal(requests, before, 'requests of a page that nothing happens on')

    const shown = await page.locator('[data-row]').first().getAttribute('data-row')
    await page.locator('.connection.live').waitFor()
    await suite.act('cancelWorkflow', { workflowId: shown })
    const cancelled = performance.now()
    await page.locator(`[data-row="${shown}"]`).getByText('Cancelled').waitFor()
    console.log(`     a transition elsewhere is shown ${Math.round(performance.now() - cancelled)} ms after the answer (goal < 1000)`)

    for (let turn = 0; turn < Math.min(20, Math.floor(count / 25) - 3); turn++) {
      const last = await page.locator('[data-row]').last().getAttribute('data-row')
      await page.getByRole('button', { name: 'Next page' }).click()
      await page.locator(`[data-row="${last}"]`).waitFor({ state: 'detached' })
    }
    await page.locator('[data-row]').first().hover()
    for (let turn = 0; turn < 12; turn++) await page.mouse.wheel(0, turn % 2 === 0 ? 900 : -900)
    const grown = await heapOf(page)
    const filtering = performance.now()
    await page.getByLabel('Name contains').fill(`Many ${String(count - 1).padStart(5, '0')}`)
    await page.locator(`[data-row="${ids.at(-1)}"]`).waitFor()
    await page.waitForFunction(() => document.querySelectorAll('[data-row]').length === 1)
    const filtered = Math.round(performance.now() - filtering)
    const { inp, frame } = await page.evaluate(() => window.felt)
    console.log(`     INP ${inp} ms (goal < 200), longest frame of the scroll ${Math.round(frame)} ms, a filter by name after ${filtered} ms, ` +
      `heap ${memory} MB, after the pages ${grown} MB`)
    if (process.env.CONSOLE_BUDGETS === 'strict' && inp >= 200) throw new Error('A time is over its goal.')
    await page.goBack()
    await page.goBack()
  })
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

/** Keeps the longest interaction and the longest frame during a scroll. */
function watch() {
  window.felt = { inp: 0, frame: 0 }
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (entry.interactionId) window.felt.inp = Math.max(window.felt.inp, entry.duration) })
    .observe({ type: 'event', durationThreshold: 16, buffered: true })
  let last = 0
  let until = 0
  const onFrame = (now) => {
    if (last > 0) window.felt.frame = Math.max(window.felt.frame, now - last)
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
