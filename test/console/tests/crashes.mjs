import { equal, once } from '../suite.mjs'
import { written } from './articles.mjs'

/** Flows on a server that is killed in their middle. Their page says so, comes back by itself and goes on. */
export async function run(suite) {
  const { fragile } = suite.world

  /** Kills the server, lets a person act on the dead page, and starts the server again. */
  const crash = async (page, act) => {
    await page.locator('.connection.live').waitFor()
    await suite.control('kill')
    try {
      await page.getByText('Reconnecting').waitFor()
      if (act) await act()
    } finally {
      await suite.control('start')
    }
    await page.locator('.connection.live').waitFor()
  }

  /** Sends what a person has written to a dead server, and the same again to a new one. */
  const through = async (page, submit) => {
    await crash(page, async () => {
      await submit.click()
      await page.getByText('The server cannot be reached').first().waitFor()
    })
    await submit.click()
  }
  const made = once(() => written(suite, 'Edited through a crash'))

  await suite.test('crashes: a killed server, and the page of a workflow goes on', {}, async (page) => {
    const id = await suite.create('Survives', { start: false })
    await suite.open(page, `/workflows/${id}`, 'ADMIN', fragile)
    await crash(page)
    await page.getByRole('button', { name: 'Start ICP generation', exact: true }).click()
    await page.getByRole('button', { name: 'Review the keywords', exact: true }).waitFor({ timeout: 60_000 })
  })

  await suite.test('crashes: a killed server, and the review of keywords goes on', {}, async (page) => {
    const id = await suite.createReviewed('Reviewed through a crash')
    await suite.open(page, `/workflows/${id}/keywords`, 'ADMIN', fragile)
    const select = page.getByRole('button', { name: /^Select: / }).first()
    await select.waitFor()
    await crash(page, async () => {
      await select.click()
      await page.getByText('The server cannot be reached').first().waitFor()
    })
    await select.click()
    await page.locator('.decision-count', { hasText: '1 selected' }).waitFor()
    await page.getByText('The server cannot be reached').first().waitFor({ state: 'detached' })
  })

  await suite.test('crashes: a killed server, and the review of a plan goes on', {}, async (page) => {
    await suite.act('setGates', { plan: 'HUMAN' })
    const id = await suite.createReviewed('Planned through a crash')
    await suite.approveKeywords(id)
    await suite.reaches(id, 'VALIDATION_COMPLETED')
    await suite.open(page, `/workflows/${id}/plan`, 'ADMIN', fragile)
    const approve = page.getByRole('button', { name: /^Approve: / }).first()
    await approve.waitFor()
    await crash(page, async () => {
      await approve.click()
      await page.getByText('The server cannot be reached').first().waitFor()
    })
    await approve.click()
    await page.locator('.decision-count', { hasText: /^1 of/ }).waitFor()
    await page.getByText('The server cannot be reached').first().waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Write 1 article', exact: true }).click()
    await crash(page, async () => {
      await page.getByRole('dialog').getByRole('button', { name: 'Approve the plan', exact: true }).click()
      await page.getByRole('dialog').getByText('The server cannot be reached').first().waitFor()
    })
    await page.getByRole('dialog').getByRole('button', { name: 'Approve the plan', exact: true }).click()
    await page.getByRole('heading', { name: 'Planned through a crash' }).waitFor()
    const { workflow } = await suite.ask(`query($id: ID!) { workflow(id: $id) { gates { key decisions { verdict } } } }`, { id })
    equal(workflow.gates.find((gate) => gate.key === 'PLAN').decisions.length, 1, 'the decisions')
  })

  await suite.test('crashes: a killed server, and the text of an article is kept', {}, async (page) => {
    const id = await made()
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    const { workflow: { articles: { nodes: [article] } } } = await suite.ask(
      'query($id: ID!) { workflow(id: $id) { articles { nodes { id } } } }', { id })
    await suite.open(page, `/workflows/${id}/articles/${article.id}`, 'ADMIN', fragile)
    await page.getByRole('button', { name: 'Edit the text', exact: true }).click()
    await page.getByLabel('Title').fill('A title through a crash')
    const save = page.getByRole('button', { name: 'Save as revision 2', exact: true })
    await crash(page, async () => {
      await save.click()
      await page.getByText('The server cannot be reached').first().waitFor()
    })
    await save.click()
    await page.getByRole('heading', { name: 'A title through a crash', level: 1 }).waitFor()
  })

  await suite.test('crashes: a killed server, and every form keeps what was typed', {}, async (page) => {
    const dialog = page.getByRole('dialog')
    await suite.open(page, '/workflows', 'ADMIN', fragile)
    await page.getByRole('button', { name: 'New workflow', exact: true }).first().click()
    await dialog.getByLabel('Company').fill('Acme Robotics')
    await dialog.getByLabel('Website').fill('acme-robotics.example')
    await dialog.getByLabel('Name of the workflow').fill('Created through a crash')
    await through(page, dialog.getByRole('button', { name: 'Create and start', exact: true }))
    await page.getByRole('heading', { name: 'Created through a crash' }).waitFor()
    await page.getByRole('button', { name: 'Review the keywords', exact: true }).click({ timeout: 60_000 })

    await page.getByRole('button', { name: 'Add keywords', exact: true }).click()
    await dialog.getByLabel('Keywords, one a line').fill('one of my own\nanother of my own')
    await through(page, dialog.getByRole('button', { name: 'Add 2 keywords', exact: true }))
    await page.locator('.decision-count', { hasText: '2 selected' }).waitFor()
    await page.getByRole('button', { name: 'Send back', exact: true }).click()
    await dialog.getByLabel('Feedback').fill('More for small teams, please.')
    await through(page, dialog.getByRole('button', { name: 'Send back', exact: true }))
    await page.getByRole('button', { name: 'Review the keywords', exact: true }).click({ timeout: 60_000 })
    await page.getByText('“More for small teams, please.”').waitFor()
    await page.getByRole('button', { name: 'Approve 2 keywords', exact: true }).click()
    await through(page, dialog.getByRole('button', { name: 'Approve', exact: true }))
    await page.getByRole('heading', { name: 'Created through a crash' }).waitFor()

    await page.getByRole('button', { name: 'Set limit', exact: true }).click()
    await dialog.getByLabel('Limit in US dollars').fill('7.25')
    await dialog.getByLabel('Reason').fill('Approved by finance.')
    await through(page, dialog.getByRole('button', { name: 'Set limit', exact: true }))
    await page.getByText('The limit is $7.25 now.').waitFor()
    await page.getByRole('button', { name: 'Cancel workflow', exact: true }).click()
    await dialog.getByLabel('Reason').fill('A trial.')
    await through(page, dialog.getByRole('button', { name: 'Cancel the workflow', exact: true }))
    await page.getByText('The workflow was cancelled.').waitFor()

    for (const name of ['Import a', 'Import b']) await suite.create(name, { start: false })
    await suite.go(page, '/workflows?text=Import')
    await page.getByRole('button', { name: 'Cancel…', exact: true }).click()
    await dialog.getByLabel('Reason').fill('A wrong import.')
    await through(page, dialog.getByRole('button', { name: 'Cancel 2 workflows', exact: true }))
    await dialog.getByText('2 cancelled, 0 refused, of 2.').waitFor()
  })

  await suite.test('crashes: a killed server, and a section and the posts of an article', {}, async (page) => {
    const id = await made()
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    await suite.createSite({ name: 'Folder', kind: 'FILE', policy: 'PUBLISH' })
    await suite.open(page, `/workflows/${id}/articles`, 'ADMIN', fragile)
    const dialog = page.getByRole('dialog')
    await page.locator('[data-row]').last().getByRole('link').click()
    await page.getByRole('button', { name: 'Rewrite a section', exact: true }).click()
    await dialog.getByLabel('Instruction').fill('Begin with an example.')
    await through(page, dialog.getByRole('button', { name: 'Look at the cost', exact: true }))
    await dialog.getByText(/will cost at most \$/).waitFor()
    await through(page, dialog.getByRole('button', { name: /^Write it for at most/ }))
    await page.getByText(/revision 2$/).first().waitFor({ timeout: 90_000 })
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    await suite.go(page, `/workflows/${id}/publish`)
    for (const box of await boxesOf(page)) await box.check()
    await through(page, page.getByRole('button', { name: 'Approve 2 posts', exact: true }))
    await page.getByText('✓ Live').nth(1).waitFor({ timeout: 60_000 })
    await suite.reaches(id, 'COMPLETED')
  })
}

/** The boxes of the gate of publishing, when they are there. */
async function boxesOf(page) {
  await page.getByRole('group', { name: 'Sites' }).getByRole('checkbox').waitFor()
  return page.getByRole('checkbox').all()
}
