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
    const one = (number) => suite.act('createWorkflow',
      { name: `Many ${String(number).padStart(5, '0')}`, company: { name: 'Many', url: 'https://many.example' } })
    for (let first = 0; first < count; first += 20) {
      await Promise.all(Array.from({ length: Math.min(20, count - first) }, (_, index) => one(first + index)))
    }
    let requests = 0
    page.on('request', (request) => { if (request.url().endsWith('/graphql')) requests += 1 })
    await suite.open(page, '/workflows?text=Many&order=oldest')
    await page.getByRole('link', { name: 'Many 00000' }).or(page.locator('[data-row]').first()).first().waitFor()
    await page.getByRole('button', { name: new RegExp(`^All ${count}$`) }).waitFor()
    const began = performance.now()
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.waitForURL(/after=/)
    await page.waitForFunction(() => document.querySelectorAll('[data-row]').length === 25)
    console.log(`     the next page after ${Math.round(performance.now() - began)} ms, ${requests} requests so far`)
    await page.waitForTimeout(1000)
    const before = requests
    await page.waitForTimeout(3000)
    equal(requests, before, 'requests of a page that nothing happens on')
    await page.goBack()
    await page.waitForFunction(() => !location.search.includes('after='))
  })
}
