import { equal } from '../suite.mjs'

/** Fills the open form of a new workflow. */
async function create(page, { name, limit, start }) {
  await page.getByRole('button', { name: 'New workflow', exact: true }).first().click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Company').fill('Acme Robotics')
  await form.getByLabel('Website').fill('acme-robotics.example')
  await form.getByLabel('Name of the workflow').fill(name)
  if (limit) await form.getByLabel('Limit in US dollars').fill(limit)
  if (!start) await form.getByLabel('Start at once').uncheck()
  await form.getByRole('button', { name: start ? 'Create and start' : 'Create', exact: true }).click()
  await page.getByRole('heading', { name, level: 1 }).waitFor()
}

/** Sets the gates and the site of the organization, as an administrator does on the first day. */
async function prepare(page, { site, login: [account, password] }) {
  await page.getByRole('link', { name: 'Organization' }).click()
  await page.getByRole('region', { name: 'Gates' }).getByRole('button', { name: 'Change' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Article plan', { exact: true }).selectOption('HUMAN')
  await dialog.getByLabel('Reason').fill('We read every plan.')
  await dialog.getByRole('button', { name: 'Set gates', exact: true }).click()
  await page.getByText('The gates are set.').waitFor()
  await page.getByRole('button', { name: 'New target', exact: true }).click()
  await dialog.getByLabel('Name').fill('Blog')
  await dialog.getByLabel('Address').fill(site)
  await dialog.getByLabel('Account').fill(account)
  await dialog.getByLabel('Application password').fill(password)
  await dialog.getByLabel('How far an article goes').selectOption('PUBLISH')
  await dialog.getByRole('button', { name: 'Create target', exact: true }).click()
  await page.getByText('The target Blog is created.').waitFor()
  await page.getByRole('button', { name: 'Test', exact: true }).click()
  await page.getByRole('region', { name: 'Publish targets' }).getByText('Ready', { exact: true }).waitFor()
}

/** Reviews the keywords: all of a filter, one of their own, once back with feedback, then approved. */
async function reviewKeywords(page) {
  await page.getByRole('button', { name: 'Review the keywords', exact: true }).click()
  await page.getByLabel('Intent').selectOption('COMMERCIAL')
  await page.waitForURL(/intent=COMMERCIAL/)
  await page.getByLabel('Volume from').fill('1')
  await page.waitForURL(/volume=1/)
  await page.getByRole('button', { name: /^Select all [1-9]/ }).click()
  await page.locator('.decision-count', { hasText: /[1-9]\d* selected/ }).waitFor()
  await page.getByRole('button', { name: 'Add keywords', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Keywords, one a line').fill('robots for small workshops')
  await dialog.getByRole('button', { name: 'Add 1 keyword', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Send back', exact: true }).click()
  await dialog.getByLabel('Feedback').fill('More for small teams, please.')
  await dialog.getByRole('button', { name: 'Send back', exact: true }).click()
  await page.getByText('1 earlier visit superseded').first().waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'Review the keywords', exact: true }).click({ timeout: 60_000 })
  await page.getByText('“More for small teams, please.”').waitFor()
  await page.getByText(/This work will cost at most \$/).first().waitFor()
  await page.getByRole('button', { name: /^Approve [1-9]/ }).click()
  await dialog.getByRole('button', { name: 'Approve', exact: true }).click()
}

/** Approves two articles of the plan with their forecast, and reads that each is written. */
async function planAndWrite(page) {
  await page.getByRole('button', { name: 'Review the plan', exact: true }).click({ timeout: 60_000 })
  for (const count of [1, 2]) {
    await page.locator('.choice[aria-pressed="false"]:not([aria-disabled])', { hasText: 'Approve' }).first().click()
    await page.locator('.decision-count', { hasText: new RegExp(`^${count} of`) }).waitFor()
  }
  await page.getByText(/These 2 articles will cost at most \$/).first().waitFor()
  await page.getByRole('button', { name: 'Write 2 articles', exact: true }).click()
  await page.getByRole('dialog').getByText(/will cost at most \$/).waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Approve the plan', exact: true }).click()
  await page.getByRole('link', { name: 'See the articles' }).click()
  await page.getByText('2 of 2 articles finished').waitFor({ timeout: 90_000 })
}

/** Edits one article and has a section of it written again. */
async function workOnAnArticle(page) {
  await page.locator('[data-row]').first().getByRole('link').click()
  await page.getByRole('button', { name: 'Edit the text', exact: true }).click()
  await page.getByLabel('Title').fill('A title by hand')
  await page.getByRole('button', { name: 'Save as revision 2', exact: true }).click()
  await page.getByRole('heading', { name: 'A title by hand', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Rewrite a section', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Instruction').fill('Begin with an example.')
  await dialog.getByRole('button', { name: 'Look at the cost', exact: true }).click()
  await dialog.getByRole('button', { name: /^Write it for at most/ }).click()
  await page.getByText(/revision 3$/).first().waitFor({ timeout: 90_000 })
  await page.getByRole('button', { name: 'Approve', exact: true }).click()
  await page.getByText('✓ Approved').waitFor()
}

/** The whole of the product in the browser alone: no request of this file goes around the page. */
export async function run(suite) {
  await suite.test('walk: seven steps, from a name to posts on a site', {}, async (page) => {
    await suite.open(page, '/')
    await prepare(page, suite.world)
    await page.getByRole('link', { name: 'Workflows', exact: true }).click()
    await create(page, { name: 'From start to end', limit: '0.001', start: true })

    await page.getByText('ICP generation failed: the budget had no room for the call').waitFor()
    await page.getByRole('button', { name: 'Set limit', exact: true }).click()
    await page.getByRole('dialog').getByLabel('Limit in US dollars').fill('10')
    await page.getByRole('dialog').getByRole('button', { name: 'Set limit', exact: true }).click()
    await page.getByText('The limit is $10 now.').waitFor()
    await page.getByRole('button', { name: 'Retry now', exact: true }).click()

    await reviewKeywords(page)
    await planAndWrite(page)
    await workOnAnArticle(page)

    await page.getByRole('link', { name: 'Articles', exact: true }).click()
    await page.getByRole('link', { name: 'Publishing' }).click()
    await page.getByRole('checkbox').nth(1).waitFor()
    for (const box of await page.getByRole('checkbox').all()) await box.check()
    await page.getByRole('button', { name: 'Approve 2 posts', exact: true }).click()
    await page.getByText('✓ Live').nth(1).waitFor({ timeout: 60_000 })
    const addresses = await page.locator('[data-row] a[target]').allTextContents()
    equal(addresses.length, 2, 'the addresses of the posts')
    await page.getByRole('link', { name: 'From start to end' }).click()
    await page.getByText('All steps are finished.').waitFor()
    await page.locator('.page-title').getByText('Completed').waitFor()
    await page.getByText('Competitor analysis: 1 earlier visit').click()
    await page.getByText('“More for small teams, please.”').waitFor()
    await suite.accessible(page, 'an earlier visit')
    for (const address of addresses) {
      equal(address.startsWith(suite.world.site), true, 'on the site')
      equal((await (await fetch(address)).text()).length > 1000, true, `a text at ${address}`)
    }
  })

  await suite.test('walk: cancel one, then all of a filter after a dry run', {}, async (page) => {
    await suite.open(page, '/')
    await create(page, { name: 'Not wanted', start: true })
    await page.getByRole('button', { name: 'Cancel workflow', exact: true }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('A duplicate.')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the workflow', exact: true }).click()
    await page.getByText('The workflow was cancelled.').waitFor()
    for (const name of ['Import a', 'Import b']) {
      await page.getByRole('link', { name: 'Workflows', exact: true }).first().click()
      await create(page, { name, start: false })
    }
    await page.getByRole('link', { name: 'Workflows', exact: true }).first().click()
    await page.getByLabel('Name contains').fill('Import')
    await page.waitForURL(/text=Import/)
    await page.getByRole('button', { name: /^All 2$/ }).waitFor()
    await page.getByRole('button', { name: 'Cancel…', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('2 can, 0 cannot.').waitFor()
    await dialog.getByLabel('Reason').fill('A wrong import.')
    await dialog.getByRole('button', { name: 'Cancel 2 workflows', exact: true }).click()
    await dialog.getByText('2 cancelled, 0 refused, of 2.').waitFor()
    await dialog.getByRole('button', { name: 'Done', exact: true }).click()
    await page.locator('[data-row]', { hasText: 'Cancelled' }).nth(1).waitFor()
  })
}
