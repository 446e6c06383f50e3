// Runs the tests of the console in Chromium. console_test.go starts the servers and says where they are.
import { launch } from './browser.mjs'
import { Suite } from './suite.mjs'
import * as signIn from './tests/sign-in.mjs'
import * as workflows from './tests/workflows.mjs'
import * as inbox from './tests/inbox.mjs'
import * as keyboard from './tests/keyboard.mjs'
import * as keyboardPages from './tests/keyboard-pages.mjs'
import * as keywords from './tests/keywords.mjs'
import * as plan from './tests/plan.mjs'
import * as crashes from './tests/crashes.mjs'
import * as overview from './tests/overview.mjs'
import * as articles from './tests/articles.mjs'
import * as budgets from './tests/budgets.mjs'
import * as pages from './tests/pages.mjs'
import * as publishing from './tests/publishing.mjs'
import * as roles from './tests/roles.mjs'
import * as together from './tests/together.mjs'
import * as walk from './tests/walk.mjs'
import { takeScreenshots } from './screenshots.mjs'

/** The lanes, the longest first. Each has an organization of its own, and runs its files one after another. */
const lanes = [
  ['pages', [pages]], ['walk', [walk]], ['reviews', [keywords, plan]], ['workflows', [workflows]], ['overview', [overview]],
  ['crashes', [crashes]], ['together', [together]],
  ['keyboard', [keyboard]], ['keyboard-pages', [keyboardPages]], ['inbox', [inbox]], ['publishing', [publishing]], ['articles', [articles]], ['roles', [roles]], ['sign-in', [signIn]],
]
const width = 4 // lanes at the same time: they mostly wait for a worker

const world = JSON.parse(process.env.CONSOLE_WORLD)
const tally = { failed: 0, began: performance.now(), only: process.argv.slice(2) }
const browser = await launch()
const laneOf = (name) => new Suite(browser, world, name, tally)

async function runLane([name, files]) {
  const suite = laneOf(name)
  for (const file of files) await file.run(suite).catch((error) => suite.fails(name, error))
}

const pictures = process.env.CONSOLE_SCREENSHOTS
if (pictures) await takeScreenshots(laneOf('pages'), pictures)
else {
  const waiting = [...lanes]
  await Promise.all(Array.from({ length: width }, async () => {
    while (waiting.length > 0) await runLane(waiting.shift())
  }))
  await runLane(['budgets', [budgets]]) // alone, since it measures
}
await browser.close()
const seconds = Math.round((performance.now() - tally.began) / 1000)
console.log(`${tally.failed === 0 ? 'all passed' : `${tally.failed} failed`} in ${seconds} s`)
process.exit(tally.failed === 0 ? 0 : 1)
