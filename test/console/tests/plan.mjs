import { equal } from '../suite.mjs'

export async function run(suite) {
  await suite.test('plan: edit a brief, decide one and many, approve', {}, async (page) => {
    await suite.ask(`mutation($i: SetGatesInput!) { setGates(input: $i) { userErrors { message } } }`, { i: { plan: 'HUMAN' } })
    const id = await suite.create('Planned by hand')
    await suite.reaches(id, 'SEED_REVIEW_PENDING')
    await suite.ask(`mutation($i: DecideKeywordsInput!) { decideKeywords(input: $i) { affected userErrors { message } } }`,
      { i: { workflowId: id, where: { intents: ['COMMERCIAL'] }, choice: 'SELECTED' } })
    const { workflow } = await suite.ask(`query($id: ID!) { workflow(id: $id) { version keywordSelection { digest } } }`, { id })
    await suite.open(page, `/workflows/${id}`)
    await suite.ask(`mutation($i: ApproveSeedsInput!) { approveSeeds(input: $i) { userErrors { message } } }`,
      { i: { workflowId: id, expectedVersion: workflow.version, selectionDigest: workflow.keywordSelection.digest } })
    await page.getByRole('button', { name: 'Review the plan' }).click({ timeout: 30_000 })
    await page.getByRole('heading', { name: 'Article plan' }).waitFor()
    const write = page.getByRole('button', { name: /^Write \d+ article/ })
    equal(await write.getAttribute('aria-disabled'), 'true', 'writing nothing')
    await suite.accessible(page, 'the plan')
    await page.getByRole('button', { name: /^Edit the brief/ }).first().click()
    await page.getByRole('dialog').getByLabel('Title', { exact: true }).fill('A title of my own')
    await page.getByRole('dialog').getByRole('button', { name: 'Save the brief' }).click()
    await page.getByText('A title of my own').first().waitFor()
    await page.getByText('revision 2 by a person').waitFor()
    await page.getByRole('button', { name: 'Approve: A title of my own' }).click()
    await page.locator('.decision-count', { hasText: /^1 of/ }).waitFor()
    await page.getByRole('button', { name: /^Valid/ }).click()
    await page.getByRole('button', { name: 'Approve all valid', exact: true }).click()
    await page.locator('.decision-count', { hasText: /^([2-9]|\d\d) of/ }).waitFor()
    // Another person rejects an article while the dialog is open: the approval is for the plan that this person saw.
    await write.click()
    const plan = await suite.ask(`query($id: ID!) { workflow(id: $id) { articlePlan { items { id choice } } } }`, { id })
    await suite.ask(`mutation($i: DecideArticlePlansInput!) { decideArticlePlans(input: $i) { affected } }`,
      { i: { workflowId: id, items: [{ articleId: plan.workflow.articlePlan.items.findLast((one) => one.choice === 'APPROVED').id, choice: 'REJECTED' }] } }, 'OPERATOR')
    await page.getByRole('dialog').getByRole('button', { name: 'Approve the plan' }).click()
    await page.getByText('Another person changed the plan after you opened this dialog.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    await page.locator('.decision-count', { hasText: '1 rejected' }).waitFor()
    await write.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve the plan' }).click()
    await page.getByRole('heading', { name: 'Planned by hand' }).waitFor()
    const after = await suite.ask(`query($id: ID!) { workflow(id: $id) { state gates { key decisions { verdict } } } }`, { id })
    equal(after.workflow.gates.find((gate) => gate.key === 'PLAN').decisions[0].verdict, 'APPROVED', 'the decision')
    await suite.ask(`mutation($i: SetGatesInput!) { setGates(input: $i) { userErrors { message } } }`, { i: { plan: 'OFF' } })
  })
}
