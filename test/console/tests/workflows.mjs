import { equal } from '../suite.mjs'

export async function run(suite) {
  await suite.test('workflows: create one and follow it live', {}, async (page) => {
    await suite.open(page, '/')
    await page.getByRole('button', { name: 'New workflow', exact: true }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/The five steps before the articles will probably cost about \$0\.\d+\./).waitFor()
    await dialog.getByText('Market: United States, English.').waitFor()
    await dialog.getByLabel('Limit in US dollars').fill('0.2')
    await dialog.getByText('leaves too little for an article').waitFor()
    await suite.accessible(page, 'the form')
    await dialog.getByLabel('Limit in US dollars').fill('')
    const submit = dialog.getByRole('button', { name: 'Create and start', exact: true })
    equal(await submit.getAttribute('aria-disabled'), 'true', 'the button of an empty form')
    await page.mouse.move(0, 0)
    await submit.focus()
    await dialog.getByText('Name the company first.').waitFor()
    await page.keyboard.press('Escape') // It hides the tip, and the form stays.
    await dialog.getByText('Name the company first.').waitFor({ state: 'hidden' })
    await dialog.getByLabel('Company').fill('Acme Robotics')
    await dialog.getByLabel('Website').fill('not an address at all')
    await submit.click()
    await dialog.locator('.field-error').waitFor()
    await dialog.getByLabel('Website').fill('acme-robotics.example')
    await dialog.getByLabel('Name of the workflow').fill('By hand')
    await submit.click()
    await page.getByRole('heading', { name: 'By hand' }).waitFor()
    await page.getByRole('button', { name: 'Review the keywords', exact: true }).waitFor()
    await page.getByText('Ideal customer').waitFor()
  })

  await suite.test('workflows: a transition elsewhere is on the screen in a second', {}, async (page) => {
    const id = await suite.create('Watched', { start: false })
    await suite.open(page, '/workflows')
    const row = page.locator(`[data-row="${id}"]`)
    await row.getByText('Created').waitFor()
    await page.getByText('Live').waitFor()
    await suite.act('cancelWorkflow', { workflowId: id })
    const began = performance.now()
    await row.getByText('Cancelled').waitFor()
    console.log(`     shown ${Math.round(performance.now() - began)} ms after the answer (goal < 1000)`)
    await page.getByRole('button', { name: /^Cancelled [1-9]/ }).waitFor()
  })

  await suite.test('workflows: a new one waits behind a button', {}, async (page) => {
    await suite.open(page, '/workflows')
    await page.getByText('Live').waitFor()
    // The list is read once more when the events begin, so the first one may be in it at once.
    const first = await suite.create('Appears first', { start: false })
    const refresh = page.getByRole('button', { name: /[12] changes?: refresh order/ })
    await page.locator(`[data-row="${first}"]`).or(refresh).first().waitFor()
    const id = await suite.create('Appears later', { start: false })
    await refresh.waitFor()
    equal(await page.locator(`[data-row="${id}"]`).count(), 0, 'the row before the refresh')
    await refresh.click()
    await page.locator(`[data-row="${id}"]`).waitFor()
  })

  await suite.test('workflows: filters live in the address and survive Back', {}, async (page) => {
    await suite.open(page, '/workflows')
    await page.getByRole('button', { name: /^Cancelled/ }).click()
    await page.waitForURL(/status=CANCELLED/)
    await page.keyboard.press('/')
    await page.keyboard.type('watch')
    await page.waitForURL(/text=watch/)
    await page.getByRole('link', { name: 'Watched' }).waitFor()
    equal(await page.locator('[data-row]').count(), 1, 'rows')
    await page.getByRole('heading', { name: 'Workflows' }).click()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Watched' }).waitFor()
    await page.goBack()
    await page.waitForURL(/status=CANCELLED&text=watch/)
    equal(await page.getByLabel('Name contains').inputValue(), 'watch', 'the filter after Back')
    await page.keyboard.press('?')
    const help = page.getByRole('dialog', { name: 'Keyboard' })
    await help.getByLabel('Use the keys').uncheck()
    await help.getByRole('button', { name: 'Done', exact: true }).click()
    await page.keyboard.press('?')
    await page.getByRole('button', { name: 'Keyboard', exact: true }).click() // Also the way back for people who turned the keys off.
    await help.getByLabel('Use the keys').check()
    await suite.accessible(page, 'the keys')
    await help.getByRole('button', { name: 'Done', exact: true }).click()
    await help.waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await help.waitFor()
  })

  await suite.test('workflows: cancel asks once, and the reason is in the journal', {}, async (page) => {
    const id = await suite.create('Not wanted', { start: false })
    await suite.open(page, `/workflows/${id}?tab=journal`)
    await page.getByRole('button', { name: 'Cancel workflow', exact: true }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('A duplicate.')
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the workflow', exact: true }).click()
    await page.getByRole('cell', { name: 'A duplicate.' }).waitFor()
    const button = page.getByRole('button', { name: 'Cancel workflow', exact: true })
    equal(await button.getAttribute('aria-disabled'), 'true', 'the button of a cancelled workflow')
  })

  await suite.test('workflows: a chain is recomputed in the browser, also a forged one', {}, async (page) => {
    const { workflows } = await suite.ask('{ workflows(filter: { nameContains: "By hand" }) { nodes { id } } }')
    await suite.open(page, `/workflows/${workflows.nodes[0].id}?tab=ledger`)
    await page.getByRole('button', { name: 'Verify this chain', exact: true }).click()
    await page.getByText(/✓ All \d+ rows fit/).waitFor()
    await page.getByRole('link', { name: 'Journal' }).click()
    await page.getByRole('button', { name: 'Verify this chain', exact: true }).click()
    await page.getByText(/✓ All \d+ rows fit/).waitFor()
    // Between the server and the page, one actor becomes another.
    await page.route('**/graphql', async (route) => {
      const response = await route.fetch()
      const text = await response.text()
      await route.fulfill({ response, body: text.replace('"actor":"worker:', '"actor":"wörker:') })
    })
    await page.getByRole('button', { name: 'Verify this chain', exact: true }).click()
    await page.getByText(/✕ The chain breaks at row \d+/).waitFor()
  })

  await suite.test('workflows: the limit is raised after BUDGET_EXHAUSTED', {}, async (page) => {
    const id = await suite.create('Too little money', { spendLimit: '0.001' })
    await suite.open(page, `/workflows/${id}`)
    await page.getByRole('button', { name: 'Retry now', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Set limit', exact: true }).click()
    await page.getByRole('dialog').getByLabel('Limit in US dollars').fill('nothing')
    await page.getByRole('dialog').getByRole('button', { name: 'Set limit', exact: true }).click()
    await page.getByRole('dialog').locator('.field-error').waitFor()
    await page.getByRole('dialog').getByLabel('Limit in US dollars').fill('0.75')
    await page.getByRole('dialog').getByRole('button', { name: 'Set limit', exact: true }).click()
    await page.getByText('The limit is $0.75 now.').waitFor()
    await page.getByRole('button', { name: 'Retry now', exact: true }).click()
    await page.getByRole('button', { name: 'Review the keywords', exact: true }).waitFor()
  })

  await suite.test('workflows: many are cancelled after a dry run', {}, async (page) => {
    const bulk = []
    for (const name of ['Bulk a', 'Bulk b', 'Bulk c']) bulk.push(await suite.create(name, { start: false }))
    const over = await suite.create('Bulk d', { start: false })
    await suite.act('cancelWorkflow', { workflowId: over })
    await suite.open(page, '/workflows?text=Bulk')
    await page.getByLabel('Choose Bulk a').check()
    await page.getByText('1 chosen:').waitFor()
    await page.getByLabel('Choose Bulk a').uncheck()
    await page.getByRole('button', { name: 'Cancel…', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('3 can, 1 cannot.').waitFor()
    await dialog.getByText(/^1: /).waitFor()
    await suite.accessible(page, 'the dry run')
    // Another person cancels one of them now: the order would not be what this person saw.
    await suite.act('cancelWorkflow', { workflowId: bulk[2] })
    await dialog.getByLabel('Reason').fill('A wrong import.')
    await dialog.getByRole('button', { name: 'Cancel 3 workflows', exact: true }).click()
    await dialog.getByText('2 can, 2 cannot.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel 2 workflows', exact: true }).click()
    await dialog.getByText('2 cancelled, 0 refused, of 2.').waitFor()
    await page.getByRole('button', { name: /^Cancelled 4/, includeHidden: true }).waitFor()
    await dialog.getByRole('link', { name: 'Open the batch' }).click()
    await page.getByText('2 cancelled, 0 refused, of 2.').waitFor()
    await page.getByText('A wrong import.').waitFor()
    await page.getByRole('cell', { name: '✓ Changed' }).first().waitFor()
    await suite.accessible(page, 'a batch')
    await page.getByRole('link', { name: 'Batches' }).click()
    await page.getByRole('heading', { name: 'Batches' }).waitFor()
    await suite.accessible(page, 'the batches')
  })

  await suite.test('workflows: the limit of many is set after a dry run', {}, async (page) => {
    for (const name of ['Limited a', 'Limited b']) await suite.create(name, { start: false })
    await suite.open(page, '/workflows?text=Limited')
    await page.getByRole('button', { name: 'Set limit…', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Limit of each in US dollars').fill('2.5')
    await dialog.getByRole('button', { name: 'Look at what changes', exact: true }).click()
    await dialog.getByRole('button', { name: 'Set the limit of 2 workflows', exact: true }).click()
    await dialog.getByText('2 changed, 0 refused, of 2.').waitFor()
    await dialog.getByRole('button', { name: 'Done', exact: true }).click()
    await page.locator('[data-row]').first().getByText('$2.5').waitFor()
  })

  await suite.test('workflows: an event without its workflow is made up for', {}, async (page) => {
    const id = await suite.create('Unanswered', { start: false })
    let lost = 0
    await page.routeWebSocket('**/graphql', (socket) => {
      socket.connectToServer().onMessage((message) => {
        const { id: subscription, type, payload } = JSON.parse(message)
        if (payload?.data?.organizationTransitioned?.workflow?.id !== id) {
          socket.send(message)
          return
        }
        lost += 1
        payload.data.organizationTransitioned.workflow = null
        const path = ['organizationTransitioned', 'workflow', 'spend']
        payload.errors = [{ message: 'The database is busy.', path, extensions: { code: 'UNAVAILABLE' } }]
        socket.send(JSON.stringify({ id: subscription, type, payload }))
      })
    })
    await suite.open(page, '/workflows')
    const row = page.locator(`[data-row="${id}"]`)
    await row.getByText('Created').waitFor()
    await page.getByText('Live').waitFor()
    await page.waitForTimeout(1000) // The list is read once more when the events begin.
    await suite.act('cancelWorkflow', { workflowId: id })
    await row.getByText('Cancelled').waitFor()
    equal(lost, 1, 'the events that were lost')
  })
}
