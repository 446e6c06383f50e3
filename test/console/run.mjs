// Runs the tests of the console in Chromium. console_test.go starts the servers and says where they are.
import { launch } from './browser.mjs'
import { Suite } from './suite.mjs'
import * as signIn from './tests/sign-in.mjs'
import * as workflows from './tests/workflows.mjs'
import * as keywords from './tests/keywords.mjs'
import * as plan from './tests/plan.mjs'
import * as overview from './tests/overview.mjs'
import * as budgets from './tests/budgets.mjs'
import * as pages from './tests/pages.mjs'
import { takeScreenshots } from './screenshots.mjs'

const world = JSON.parse(process.env.CONSOLE_WORLD)
const only = process.argv.slice(2)
const suite = new Suite(await launch(), world, only)
const pictures = process.env.CONSOLE_SCREENSHOTS
if (pictures) await takeScreenshots(suite, pictures)
else for (const file of [signIn, workflows, keywords, plan, overview, pages, budgets]) await file.run(suite)
await suite.end()
