import { equal, keyboardOf, once } from '../suite.mjs'

/** The pages that are not reviews, without a pointer: each action, and where the focus is after it. */
export async function run(suite) {
  const folder = once(() => suite.createSite({ name: 'Folder', kind: 'FILE', policy: 'PUBLISH' }))

  /** Opens a page and waits until it has what it shows. */
  const at = async (page, path, heading) => {
    await suite.open(page, path)
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
    await page.waitForFunction(() => !document.querySelector('.skeleton'))
    return keyboardOf(page)
  }
  const dialogOf = (page) => page.getByRole('dialog')
  const closed = (page) => dialogOf(page).waitFor({ state: 'detached' })
  const holds = async (keyboard, name, what) => equal((await keyboard.focused()).trim(), name, what)

  /** Opens a dialog, walks through it to both sides, and closes it by Escape. The button that opened it has the focus again. */
  const walkDialog = async (page, keyboard, name) => {
    await keyboard.press('Enter')
    await dialogOf(page).waitFor()
    for (const key of [...Array(16).fill('Tab'), ...Array(16).fill('Shift+Tab')]) {
      await page.keyboard.press(key) // The browser's own frame is one of the stops, where nothing of the page has the focus.
      const isOut = await page.evaluate(() => document.activeElement !== document.body && !document.activeElement.closest('dialog'))
      equal(isOut, false, `${name}: the focus leaves the dialog by ${key}`)
    }
    await page.keyboard.press('Escape')
    await closed(page)
    await holds(keyboard, name, 'the focus after Escape')
  }

  await suite.test('keyboard-pages: every dialog keeps the focus and gives it back', {}, async (page) => {
    await folder()
    await suite.act('createApiKey', { name: 'weekly report', role: 'AUDITOR', expiresAt: new Date(Date.now() + 86_400_000).toISOString() })
    for (const [path, heading, names] of [
      ['/spend', 'Spend', ['Set the month’s limit']], ['/keys', 'API keys', ['New key', 'Revoke weekly report']],
      ['/alerts', 'Alerts', ['Set a webhook']],
      ['/organization', 'Organization', ['Change the name', 'Set the month’s limit', 'Set a webhook', 'New target', 'Retire']],
    ]) {
      const keyboard = await at(page, path, heading)
      for (const name of names) {
        await keyboard.reach('Tab', new RegExp(`^${name}$`))
        await walkDialog(page, keyboard, name)
      }
    }
  })

  await suite.test('keyboard-pages: a key is made, copied and revoked', {}, async (page) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const keyboard = await at(page, '/keys', 'API keys')
    const { press, reach } = keyboard
    await reach('Tab', /^New key$/)
    await press('Enter')
    await page.keyboard.type('made by keyboard')
    await reach('Tab', /^Create key$/)
    await press('Enter')
    await page.getByText('This is the only time that the key is shown.').waitFor()
    await holds(keyboard, 'Copy the key', 'the focus beside the key')
    await press('Enter')
    await page.getByText('Copied').waitFor()
    equal(await page.evaluate(() => navigator.clipboard.readText()), await page.locator('.secret').textContent(), 'the copy')
    await reach('Tab', /^I have kept it$/)
    await press('Enter')
    await closed(page)
    await holds(keyboard, 'New key', 'the focus after the key')
    await page.getByRole('button', { name: 'Revoke made by keyboard', exact: true }).waitFor()
    await reach('Tab', /^Revoke made by keyboard$/)
    await press('Enter')
    await page.keyboard.type('Not needed.')
    await page.keyboard.press('Control+Enter')
    await closed(page)
    await page.getByText('Revoked').first().waitFor()
    await holds(keyboard, 'Revoke made by keyboard', 'the focus after the key is revoked')
  })

  await suite.test('keyboard-pages: buttons that stop working keep the focus', {}, async (page) => {
    const audit = await at(page, '/audit', 'Audit')
    await audit.reach('Tab', /^Verify now$/)
    await audit.press('Enter')
    await page.locator('[data-row]', { hasText: 'ordered by' }).first().waitFor()
    await holds(audit, 'Verify now', 'the focus after the order')
    await suite.until('the verification has ended', async () => (await page.locator('.why').count()) === 0)
    await holds(audit, 'Verify now', 'the focus after the verification')
    await audit.reach('Tab', /^journal\.csv$/)
    await Promise.all([page.waitForEvent('download'), audit.press('Enter')])
    await holds(audit, 'journal.csv', 'the focus after the export')

    await folder()
    const target = async () => (await suite.ask('{ viewer { organization { publishTargets { state changedAt } } } }')).viewer.organization.publishTargets[0]
    const { changedAt } = await target()
    const organization = await at(page, '/organization', 'Organization')
    await organization.reach('Tab', /^Test$/)
    await organization.press('Enter')
    await suite.until('the test has ended', async () => {
      const now = await target()
      return now.state === 'READY' && now.changedAt !== changedAt
    })
    await suite.until('the page shows it', async () => (await page.locator('.badge', { hasText: 'Ready' }).count()) > 0)
    await holds(organization, 'Test', 'the focus after the test of a target')

    const prices = (amount) => [{ model: 'example/typed', component: 'PROMPT', amount }]
    for (const [index, amount] of ['0.000001', '0.00001'].entries()) {
      await suite.act('importPrices', { prices: prices(amount), source: 'a contract', apply: true, idempotencyKey: `typed ${index}` }, 'applied')
    }
    const keyboard = await at(page, '/prices', 'Prices')
    await keyboard.reach('Tab', /^Accept$/)
    await walkDialog(page, keyboard, 'Accept')
    await keyboard.press('Enter')
    await page.keyboard.type('As agreed.')
    await page.keyboard.press('Control+Enter')
    await closed(page)
    await page.getByText('Accepted').first().waitFor()
    await holds(keyboard, 'Accept', 'the focus after the price is accepted')
  })

  await suite.test('keyboard-pages: rows of text, filters, alerts and the graph', {}, async (page) => {
    const poor = await suite.create('Reaches its limit by keyboard', { start: false })
    await suite.act('setWorkflowLimit', { workflowId: poor, limit: '0.0061', idempotencyKey: 'low' })
    await suite.act('recordUsage', { workflowId: poor, model: 'openai/gpt-4o-mini', promptTokens: 1, completionTokens: 1, cost: '0.006', idempotencyKey: 'one' })

    const prices = await at(page, '/prices', 'Prices')
    const row = () => page.evaluate(() => document.activeElement.closest('[data-row]')?.dataset.row)
    await page.getByRole('row').nth(3).waitFor()
    const seen = new Set()
    for (let count = 0; count < 4; count++) {
      await prices.press('j')
      seen.add(await row())
    }
    equal(seen.size, 4, 'rows that j reaches')
    await prices.press('/')
    await page.keyboard.type('sonar')
    await page.waitForURL(/model=sonar/)
    await holds(prices, 'Model', 'the focus in the filter')

    const spend = await at(page, '/spend', 'Spend')
    for (const name of ['Months', 'Ledger', 'Calls', 'Overview']) {
      await spend.reach(name === 'Overview' ? 'Shift+Tab' : 'Tab', new RegExp(`^${name}$`))
      await spend.press('Enter')
      await page.locator('.tab[aria-current="page"]', { hasText: name }).waitFor()
      await holds(spend, name, 'the focus in the tabs')
    }
    await page.getByText('As a table').waitFor()
    await spend.reach('Tab', /^As a table$/)
    await spend.press('Enter')

    const alerts = await at(page, '/alerts', 'Alerts')
    await page.getByText('● new').first().waitFor()
    const unread = await page.getByText('● new').count()
    await alerts.reach('Tab', /^Mark as read/)
    await page.keyboard.press('Enter')
    await suite.until('one is read', async () => (await page.getByText('● new').count()) === unread - 1)
    equal(await page.evaluate(() => Boolean(document.activeElement.closest('.feed'))), true, 'the focus stays in the list')
    await alerts.press('j')
    await alerts.reach('Shift+Tab', /^Mark all as read$/)
    await alerts.press('Enter')
    await page.getByText('● new').first().waitFor({ state: 'detached' })
    await holds(alerts, 'Mark all as read', 'the focus after all are read')

    const graph = await at(page, '/graph', 'Graph')
    await page.getByRole('link', { name: /^ICP failed|^ICP processing/ }).first().waitFor()
    await graph.reach('Tab', /^ICP pending/)
    await graph.press('Enter')
    await page.waitForURL(/\/workflows\?/)
    await page.getByRole('heading', { name: 'Workflows' }).waitFor()
    await graph.press('Tab')
  })

  await suite.test('keyboard-pages: each setting of the organization', {}, async (page) => {
    const keyboard = await at(page, '/organization', 'Organization')
    const { press, reach, focused } = keyboard
    for (const [region, label, text, said] of [
      ['Name', 'Name', 'Typed group', 'The organization is called Typed group now.'],
      ['Time zone', 'Time zone', 'Europe/Rome', 'The time zone is Europe/Rome now.'],
      ['Gates', 'Keywords', 'Auto', 'The gates are set.'],
      ['Market', 'Language', 'de', 'The market is set.'],
      ['Brand voice', 'Tone', 'calm', 'The brand voice is set.'],
    ]) {
      await reach('Tab', new RegExp(`^Change the ${region.toLowerCase()}$`))
      await press('Enter')
      await dialogOf(page).waitFor()
      await reach('Tab', new RegExp(`^${label}$`))
      if (await page.evaluate(() => document.activeElement.tagName === 'INPUT')) await page.keyboard.press('Control+A')
      await page.keyboard.type(text)
      await page.keyboard.press('Control+Enter')
      await page.getByText(said).waitFor()
      await closed(page)
      equal(await focused(), `Change the ${region.toLowerCase()}`, `the focus after ${region}`)
    }
  })
}
