import { equal, once } from '../suite.mjs'

/** Takes a workflow with a few keywords through the plan, until its articles are written. Returns its id. */
export async function written(suite, name) {
  await suite.act('setGates', { plan: 'HUMAN' })
  const workflowId = await suite.createReviewed(name)
  await suite.act('setWorkflowLimit', { workflowId, limit: '10', idempotencyKey: 'enough' })
  const { workflow } = await suite.ask(
    `query($id: ID!) { workflow(id: $id) { keywords(first: 6, filter: { intents: [COMMERCIAL] }) { nodes { id } } } }`, { id: workflowId })
  await suite.act('decideKeywords', { workflowId, ids: workflow.keywords.nodes.map((one) => one.id), choice: 'SELECTED' })
  await suite.approveSelected(workflowId)
  await suite.reaches(workflowId, 'VALIDATION_COMPLETED')
  const ask = () => suite.ask(`query($id: ID!) { workflow(id: $id) { version articlePlan { digest items { id brief { title } } } } }`, { id: workflowId })
  const { workflow: { articlePlan: { items } } } = await ask()
  const some = items.filter((one) => one.brief).slice(0, 2)
  await suite.act('decideArticlePlans', { workflowId, items: some.map((one) => ({ articleId: one.id, choice: 'APPROVED' })) })
  const { workflow: { version, articlePlan: { digest } } } = await ask()
  await suite.act('approveArticlePlan', { workflowId, expectedVersion: version, digest })
  return workflowId
}

export async function run(suite) {
  const made = once(() => written(suite, 'Written by hand'))

  await suite.test('articles: they are written live, and read with sources, versions and cost', {}, async (page) => {
    const id = await made()
    await suite.open(page, `/workflows/${id}`)
    await page.getByRole('link', { name: 'See the articles' }).click()
    await page.getByRole('heading', { name: 'Articles' }).waitFor()
    await page.getByText('2 of 2 articles finished').waitFor({ timeout: 90_000 })
    await suite.accessible(page, 'the list of articles')
    await page.getByRole('button', { name: /^Written 2/ }).click()
    await page.locator('[data-row]').first().getByRole('link').click()
    await page.getByRole('region', { name: 'As readers see it' }).getByRole('heading').first().waitFor()
    const { workflow } = await suite.ask(`query($id: ID!) { workflow(id: $id) { articles { nodes { title markdown evidence { isCited } } } } }`, { id })
    const [article] = workflow.articles.nodes
    await page.getByRole('heading', { name: article.title, level: 1 }).waitFor()
    equal(await page.locator('.markdown').textContent(), article.markdown, 'the Markdown')
    equal(await page.locator('.prose script, .prose img').count(), 0, 'what an article cannot have')
    await page.getByRole('link', { name: /^Sources/ }).click()
    equal(await page.getByText('✓ cited').count(), article.evidence.filter((one) => one.isCited).length, 'cited sources')
    await page.getByRole('link', { name: /^Findings/ }).click()
    await page.getByRole('link', { name: /^Versions/ }).click()
    await page.getByText('Revision 1', { exact: true }).first().waitFor()
    await page.getByRole('link', { name: 'Cost' }).click()
    await page.getByRole('cell', { name: 'Outline' }).waitFor()
    await page.getByRole('link', { name: 'Next →' }).click()
    await page.getByText('2 of 2').waitFor()
  })

  await suite.test('articles: publish them', {}, async (page) => {
    const id = await made()
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    await suite.open(page, `/workflows/${id}`)
    await page.getByRole('button', { name: 'Publish the articles' }).click()
    await page.getByText('No site is ready').waitFor()
    const { target } = await suite.act('createPublishTarget', { name: 'Folder', kind: 'FILE', policy: 'PUBLISH' }, 'target { id }')
    await suite.act('testPublishTarget', { targetId: target.id })
    await suite.until('the target is ready', async () => {
      const { viewer } = await suite.ask('{ viewer { organization { publishTargets { state } } } }')
      return viewer.organization.publishTargets.every((one) => one.state === 'READY')
    })
    await page.reload()
    const approve = page.getByRole('button', { name: 'Approve 2 posts' })
    await approve.waitFor()
    await suite.accessible(page, 'the gate of publishing')
    await approve.click()
    await page.getByText('✓ Live').nth(1).waitFor({ timeout: 60_000 })
    await page.getByText('What happened').first().click()
    await suite.accessible(page, 'the publications')
    await suite.reaches(id, 'COMPLETED')
  })
}
