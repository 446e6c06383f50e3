// A browser for the tests: it collects what a page must never do.
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find((path) => existsSync(path))

export async function launch() {
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] })
}

/** Opens a page that records requests to other hosts, reports of the security policy and uncaught errors. */
export async function openPage(browser, { origins, ...options }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const faults = []
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol !== 'data:' && protocol !== 'blob:' && !origins.includes(origin)) faults.push(`foreign request: ${request.url()}`)
  })
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    const text = message.text()
    if (/Content Security Policy|Trusted|violates/i.test(text)) faults.push(`policy: ${text}`)
  })
  await page.addInitScript(() => {
    window.reports = []
    document.addEventListener('securitypolicyviolation', (event) => {
      window.reports.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
    })
  })
  page.faults = faults
  return page
}

/** A world of its own for axe, which the page's policy does not bind. One serves as long as the page's document does. */
async function worldOf(page) {
  page.axe ??= await page.context().newCDPSession(page)
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await page.axe.send('Runtime.evaluate', {
      expression, contextId: page.axeWorld, awaitPromise: true, returnByValue: true,
    })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }
  const isThere = page.axeWorld && await evaluate('typeof axe').then((type) => type === 'object', () => false)
  if (!isThere) {
    const { frameTree } = await page.axe.send('Page.getFrameTree')
    const made = await page.axe.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' })
    page.axeWorld = made.executionContextId
    await evaluate(`${axe}; 0`)
  }
  return evaluate
}

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const colorRules = ['color-contrast', 'link-in-text-block']

/** Runs axe: all rules of WCAG 2.2 AA and of best practice, or only those about colors. Returns a line for each violation. */
export async function violations(page, onlyColors) {
  const evaluate = await worldOf(page)
  const rules = onlyColors ? { type: 'rule', values: colorRules } : { type: 'tag', values: tags }
  const found = await evaluate(`axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'] }).then((r) => JSON.stringify(
    r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ' [' + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? '') + ']').join(' | '))))`)
  return JSON.parse(found)
}
