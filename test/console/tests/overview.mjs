import { readFileSync } from 'node:fs'
import { equal, once } from '../suite.mjs'

/** Fills the one dialog and sends it. */
async function send(page, button, fields) {
  const dialog = page.getByRole('dialog')
  for (const [label, value] of Object.entries(fields)) {
    const field = dialog.getByLabel(label, { exact: true })
    if (await field.evaluate((element) => element.tagName === 'SELECT')) await field.selectOption(value)
    else await field.fill(value)
  }
  await dialog.getByRole('button', { name: button }).click()
}

export async function run(suite) {
  const byHand = once(() => suite.createReviewed('By hand'))

  await suite.test('spend: the month, and its limit', {}, async (page) => {
    await byHand()
    await suite.open(page, '/spend', 'FINANCE')
    await page.getByRole('button', { name: 'Set the month’s limit', exact: true }).click()
    await send(page, 'Set limit', { 'Limit in US dollars': 'much', Reason: 'Growth.' })
    await page.getByRole('dialog').locator('.field-error').waitFor()
    await send(page, 'Set limit', { 'Limit in US dollars': '40.5' })
    await page.getByText('The month’s limit is $40.5 now.').waitFor()
    await page.locator('main select').nth(1).selectOption('PROVIDER')
    await page.getByRole('row', { name: /^sandbox/ }).waitFor()
    await page.locator('main select').nth(1).selectOption('WORKFLOW')
    await page.waitForURL(/by=WORKFLOW/)
    await page.getByRole('link', { name: 'By hand', exact: true }).waitFor()
  })

  await suite.test('alerts: a threshold arrives live and leads to its cause', {}, async (page) => {
    await suite.open(page, '/alerts')
    await page.getByRole('heading', { name: 'Alerts' }).waitFor()
    const id = await suite.create('Reaches its limit', { start: false })
    await suite.act('setWorkflowLimit', { workflowId: id, limit: '0.0061', idempotencyKey: 'low' })
    await suite.act('recordUsage', { workflowId: id, model: 'openai/gpt-4o-mini', promptTokens: 1, completionTokens: 1, cost: '0.006', idempotencyKey: 'one' })
    await suite.act('startStep', { workflowId: id })
    await page.locator('.badge', { hasText: 'Threshold' }).first().waitFor()
    await page.getByText('● new').first().waitFor()
    await suite.accessible(page, 'an unread alert')
    await page.getByRole('button', { name: /^Mark as read/ }).first().click()
    await page.getByRole('button', { name: 'Mark all as read', exact: true }).click()
    await page.getByText('● new').first().waitFor({ state: 'detached' })
    await page.getByLabel('Show').selectOption('unread')
    await page.getByText('You have read every alert').waitFor()
    await page.getByLabel('Show').selectOption('')
    await page.getByRole('link', { name: 'Open the workflow' }).first().click()
    await page.getByRole('heading', { name: 'Reaches its limit' }).waitFor()
  })

  await suite.test('alerts: a webhook is set, tested and removed', {}, async (page, person) => {
    await suite.open(page, '/alerts')
    const webhook = page.getByRole('region', { name: 'Webhook' })
    const test = webhook.getByRole('button', { name: 'Send a test', exact: true })
    equal(await test.getAttribute('aria-disabled'), 'true', 'testing without a webhook')
    const set = async (open, button, url) => {
      await webhook.getByRole('button', { name: open }).click()
      await send(page, button, { Address: url, Reason: 'We read them here.' })
    }
    await set('Set a webhook', 'Set the webhook', `${suite.world.control}/webhook`)
    await page.getByText('This is the only time that it is shown.').waitFor()
    await page.getByRole('button', { name: 'I have kept it', exact: true }).click()
    await webhook.getByText(`${suite.world.control}/webhook`).waitFor()
    await test.click()
    await webhook.getByText('✓ The receiver took the test message, with status 200.').waitFor()
    await suite.accessible(page, 'a tested webhook')
    await set('Change the webhook', 'Set the webhook', `${suite.world.control}/nothing-is-here`)
    await page.getByRole('button', { name: 'I have kept it', exact: true }).click()
    await test.click()
    await webhook.getByText('⚠ The receiver answered with status 404.').waitFor()
    await set('Change the webhook', 'Remove the webhook', '')
    await webhook.getByText('No webhook receives the alerts.').waitFor()
    const auditor = await person()
    await suite.open(auditor, '/alerts', 'AUDITOR')
    await auditor.getByRole('region', { name: 'Webhook' }).getByText('Your role AUDITOR may not change settings.').first().waitFor({ state: 'attached' })
  })

  await suite.test('audit: an export is a whole file', {}, async (page) => {
    const id = await byHand()
    await suite.open(page, '/audit', 'AUDITOR')
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'journal.ndjson', exact: true }).click()])
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\n')
    const own = lines.filter((line) => line.includes(id.replace('wf_', '')))
    const { workflow } = await suite.ask('query($id: ID!) { workflow(id: $id) { version } }', { id })
    equal(own.length, workflow.version + 1, 'rows')
  })

  await suite.test('graph: a state leads to its workflows', {}, async (page) => {
    await suite.act('cancelWorkflow', { workflowId: await suite.create('Watched', { start: false }) })
    await suite.open(page, '/graph')
    await page.getByRole('link', { name: /^Cancelled/ }).click()
    await page.waitForURL(/status=CANCELLED/)
    await page.getByRole('link', { name: 'Watched' }).waitFor()
  })

  await suite.test('prices: a price in quarantine is decided with a reason', {}, async (page) => {
    const prices = (amount) => [{ model: 'example/model', component: 'PROMPT', amount }, { model: 'example/model', component: 'COMPLETION', amount }]
    for (const [index, amount] of ['0.000001', '0.00001'].entries()) {
      await suite.act('importPrices', { prices: prices(amount), source: 'a contract', apply: true, idempotencyKey: `import ${index}` }, 'applied')
    }
    await suite.open(page, '/prices', 'FINANCE')
    await page.getByText('10 ×').first().waitFor()
    await page.getByRole('button', { name: 'Accept', exact: true }).first().click()
    await send(page, 'Accept', { Reason: 'As agreed.' })
    await page.getByText('The price is accepted.').waitFor()
    await page.getByRole('button', { name: 'Reject', exact: true }).last().click()
    await send(page, 'Reject', { Reason: 'A typing error.' })
    await page.getByText('The price is rejected.').waitFor()
  })

  await suite.test('keys: one is made, shown once and revoked', {}, async (page) => {
    await suite.open(page, '/keys')
    await page.getByRole('button', { name: 'New key', exact: true }).first().click()
    await send(page, 'Create key', { Name: 'nightly report', Role: 'AUDITOR' })
    const secret = await page.locator('.secret').textContent()
    equal(secret.startsWith('infin8_'), true, 'the key')
    await page.getByRole('button', { name: 'I have kept it', exact: true }).click()
    await page.getByRole('button', { name: 'Revoke nightly report', exact: true }).click()
    await send(page, 'Revoke the key', { Reason: 'Not needed.' })
    await page.getByText('The key nightly report is revoked.').waitFor()
    await page.getByText('Revoked').first().waitFor()
  })

  await suite.test('organization: its settings and their journal', {}, async (page) => {
    await suite.open(page, '/organization')
    await page.getByRole('region', { name: 'Name' }).getByRole('button', { name: 'Change' }).click()
    await send(page, 'Set name', { Name: 'Acme group', Reason: 'We have one.' })
    await page.getByText('The organization is called Acme group now.').waitFor()
    await page.getByRole('region', { name: 'Gates' }).getByRole('button', { name: 'Change' }).click()
    await send(page, 'Set gates', { 'Article plan': 'HUMAN', Reason: 'From now on.' })
    await page.getByText('The gates are set.').waitFor()
    await page.getByRole('region', { name: 'Gates' }).locator('div', { hasText: 'Article plan' }).getByText('Human').waitFor()
    await page.getByRole('region', { name: 'Time zone' }).getByRole('button', { name: 'Change' }).click()
    await send(page, 'Set time zone', { 'Time zone': 'Europe/Berlin' })
    await page.getByText('The time zone is Europe/Berlin now.').waitFor()
    await page.locator('.zone', { hasText: 'Europe/Berlin' }).waitFor()
    await page.getByRole('region', { name: 'Market' }).getByRole('button', { name: 'Change' }).click()
    await suite.accessible(page, 'the market')
    await send(page, 'Set market', { 'Place of the searches': '2276', Language: 'not one at all' })
    await page.getByRole('dialog').locator('.field-error').waitFor()
    await send(page, 'Set market', { Language: 'de', 'Words that no keyword may have, one text a line': 'free\ncheap' })
    await page.getByText('Germany, German').waitFor()
    await page.getByRole('region', { name: 'Brand voice' }).getByRole('button', { name: 'Change' }).click()
    await suite.accessible(page, 'the brand voice')
    await send(page, 'Set brand voice', { Tone: 'plain and friendly', 'Banned words, one a line': 'leverage\nsynergy' })
    await page.getByText('0 rules, 2 banned words. Version 0.').waitFor()
    await suite.open(page, '/audit', 'AUDITOR')
    await page.getByRole('cell', { name: 'We have one.' }).waitFor()
    await page.getByText('nightly report').first().waitFor()
  })
}
