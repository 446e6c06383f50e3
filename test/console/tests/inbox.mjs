import { equal, keyboardOf } from '../suite.mjs'

/** Creates a workflow whose first step fails: its limit has no room for a call. Returns its id. */
async function createPoor(suite, name) {
  const id = await suite.create(name, { spendLimit: '0.001' })
  await suite.reaches(id, 'ICP_FAILED')
  return id
}

/** The inbox of an organization of its own, so that the counts are those of these tests. */
export async function run(suite) {
  await suite.test('inbox: failed workflows wait by age, with their reason and what a role may do', {}, async (page, person) => {
    const first = await createPoor(suite, 'Failed first')
    await createPoor(suite, 'Failed second')
    await suite.open(page, '/reviews')
    const failed = page.getByRole('region', { name: 'Failed workflows' })
    const rows = failed.locator('[data-row]')
    await rows.nth(1).waitFor()
    equal((await rows.locator('strong').allTextContents()).join(), 'Failed first,Failed second', 'the oldest first')
    await rows.first().getByText('ICP generation failed: the budget had no room for the call').waitFor()
    await page.getByRole('button', { name: 'Failed workflows 2', exact: true }).waitFor()
    const menu = page.locator('.frame .menu').getByRole('link', { name: /^Reviews/ })
    await menu.filter({ hasText: 'Reviews2' }).waitFor()
    await suite.accessible(page, 'the inbox with failed workflows')

    const viewer = await person()
    await suite.open(viewer, '/reviews', 'VIEWER')
    for (const name of ['Retry now: Failed first', 'Set limit: Failed first', 'Cancel workflow: Failed first']) {
      equal(await viewer.getByRole('button', { name }).getAttribute('aria-disabled'), 'true', `${name}, as a viewer`)
    }

    const { press, reach } = keyboardOf(page)
    await reach('j', /^Failed first/)
    await reach('Tab', /^Set limit: Failed first$/, 4)
    await press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.getByRole('dialog').getByLabel('Limit in US dollars').fill('10')
    await page.keyboard.press('Control+Enter')
    await page.getByText('The limit is $10 now.').waitFor()
    await reach('Shift+Tab', /^Retry now: Failed first$/, 4)
    await press('Enter')
    await rows.filter({ hasText: 'Failed first' }).waitFor({ state: 'detached' })
    await suite.reaches(first, 'SEED_REVIEW_PENDING')
    await page.getByRole('region', { name: 'Decisions' }).getByRole('link', { name: /^Failed first/ }).waitFor()
    await page.getByRole('button', { name: 'All 2', exact: true }).waitFor()
    await menu.filter({ hasText: 'Reviews2' }).waitFor()
    await press('j') // From the list, which took the focus over from the row that has left.
    await press('Enter')
    await page.getByRole('heading', { name: 'Failed second' }).waitFor()
  })

  await suite.test('inbox: a long list is whole on its own page, and the counters agree', {}, async (page) => {
    const names = Array.from({ length: 20 }, (_, index) => `Import ${String(index).padStart(2, '0')}`)
    for (const name of names) await createPoor(suite, name)
    await suite.open(page, '/reviews')
    await page.getByRole('link', { name: /^Show all 21/ }).click()
    await page.waitForURL(/kind=failures/)
    const rows = page.locator('main [data-row]')
    await rows.nth(20).waitFor()
    equal((await rows.locator('strong').allTextContents()).join(), ['Failed second', ...names].join(), 'all, the oldest first')
    const sum = (await page.getByRole('button', { name: /^All / }).textContent()).match(/\d+/)[0]
    await page.locator('.frame .menu').getByRole('link', { name: `Reviews${sum} waiting` }).or(
      page.locator('.frame .menu').getByRole('link', { name: `Reviews ${sum} waiting` })).waitFor()
    await page.goBack()
    await page.getByRole('region', { name: 'Decisions' }).waitFor()
  })

  await suite.test('inbox: a decision that comes too late says what is now, and who made it so', {}, async (page) => {
    await suite.act('setGates', { plan: 'HUMAN' })
    const id = await suite.createReviewed('Decided by another')
    await suite.open(page, '/reviews')
    await page.getByRole('link', { name: /^Decided by another/ }).click()
    await page.getByRole('button', { name: 'Send back', exact: true }).click()
    await page.getByRole('dialog').getByLabel('Feedback').fill('Look for other competitors.')
    await suite.act('decideKeywords', { workflowId: id, where: { intents: ['COMMERCIAL'] }, choice: 'SELECTED' }, '', 'OPERATOR')
    const { workflow } = await suite.ask('query($id: ID!) { workflow(id: $id) { version keywordSelection { digest } } }', { id })
    await suite.act('approveSeeds', { workflowId: id, expectedVersion: workflow.version, selectionDigest: workflow.keywordSelection.digest }, '', 'OPERATOR')
    await suite.reaches(id, 'VALIDATION_COMPLETED')
    await page.getByRole('dialog').getByRole('button', { name: 'Send back', exact: true }).click()
    const refusal = page.getByRole('dialog').getByRole('alert')
    await refusal.getByText('The workflow has moved on').waitFor()
    await refusal.getByText(/^Now: Cluster validation is finished.* ago, by worker:/).waitFor()
    await suite.accessible(page, 'a decision that came too late')
  })
}
