import { equal } from '../suite.mjs'
import { written } from './articles.mjs'

/** Flows on a server that is killed in their middle. Their page says so, comes back by itself and goes on. */
export async function run(suite) {
  const { fragile } = suite.world

  /** Kills the server, lets a person act on the dead page, and starts the server again. */
  const crash = async (page, act) => {
    await page.locator('.connection.live').waitFor()
    await suite.control('kill')
    await page.getByText('Reconnecting').waitFor()
    if (act) await act()
    await suite.control('start')
    await page.locator('.connection.live').waitFor()
  }

  await suite.test('crashes: a killed server, and the page of a workflow goes on', {}, async (page) => {
    const id = await suite.create('Survives', { start: false })
    await suite.open(page, `/workflows/${id}`, 'ADMIN', fragile)
    await crash(page)
    await page.getByRole('button', { name: 'Start ICP generation' }).click()
    await page.getByRole('button', { name: 'Review the keywords' }).waitFor({ timeout: 60_000 })
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
    await page.getByRole('button', { name: 'Write 1 article' }).click()
    await crash(page, async () => {
      await page.getByRole('dialog').getByRole('button', { name: 'Approve the plan' }).click()
      await page.getByRole('dialog').getByText('The server cannot be reached').first().waitFor()
    })
    await page.getByRole('dialog').getByRole('button', { name: 'Approve the plan' }).click()
    await page.getByRole('heading', { name: 'Planned through a crash' }).waitFor()
    const { workflow } = await suite.ask(`query($id: ID!) { workflow(id: $id) { gates { key decisions { verdict } } } }`, { id })
    equal(workflow.gates.find((gate) => gate.key === 'PLAN').decisions.length, 1, 'the decisions')
  })

  await suite.test('crashes: a killed server, and the text of an article is kept', {}, async (page) => {
    const id = await written(suite, 'Edited through a crash')
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    const { workflow: { articles: { nodes: [article] } } } = await suite.ask(
      'query($id: ID!) { workflow(id: $id) { articles { nodes { id } } } }', { id })
    await suite.open(page, `/workflows/${id}/articles/${article.id}`, 'ADMIN', fragile)
    await page.getByRole('button', { name: 'Edit the text' }).click()
    await page.getByLabel('Title').fill('A title through a crash')
    const save = page.getByRole('button', { name: 'Save as revision 2' })
    await crash(page, async () => {
      await save.click()
      await page.getByText('The server cannot be reached').first().waitFor()
    })
    await save.click()
    await page.getByRole('heading', { name: 'A title through a crash', level: 1 }).waitFor()
  })
}
