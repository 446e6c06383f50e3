import { equal, once } from '../suite.mjs'

/** Takes a workflow with a few keywords through the plan, so that some articles are written. Returns its id. With isShort the money ends after the approval. */
export async function written(suite, name, count = 2, isShort = false) {
  await suite.act('setGates', { plan: 'HUMAN' })
  const workflowId = await suite.createReviewed(name)
  await suite.act('setWorkflowLimit', { workflowId, limit: '10', idempotencyKey: `enough for ${name}` })
  const { workflow } = await suite.ask(
    `query($id: ID!) { workflow(id: $id) { keywords(first: 6, filter: { intents: [COMMERCIAL] }) { nodes { id } } } }`, { id: workflowId })
  await suite.act('decideKeywords', { workflowId, ids: workflow.keywords.nodes.map((one) => one.id), choice: 'SELECTED' })
  await suite.approveSelected(workflowId)
  await suite.reaches(workflowId, 'VALIDATION_COMPLETED')
  const ask = () => suite.ask(`query($id: ID!) { workflow(id: $id) { version articlePlan { digest items { id brief { title } } } } }`, { id: workflowId })
  const { workflow: { articlePlan: { items } } } = await ask()
  const some = items.filter((one) => one.brief).slice(0, count)
  await suite.act('decideArticlePlans', { workflowId, items: some.map((one) => ({ articleId: one.id, choice: 'APPROVED' })) })
  const { workflow: { version, articlePlan: { digest } } } = await ask()
  await suite.act('approveArticlePlan', { workflowId, expectedVersion: version, digest })
  if (isShort) {
    const { workflow: { spend } } = await suite.ask('query($id: ID!) { workflow(id: $id) { spend { settled } } }', { id: workflowId })
    await suite.act('setWorkflowLimit', { workflowId, limit: (Number(spend.settled) + 0.0001).toFixed(8), idempotencyKey: `too little for ${name}` })
  }
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
    await page.getByRole('rowheader', { name: 'Outline' }).waitFor()
    await page.getByRole('link', { name: 'Next →' }).click()
    await page.getByText('2 of 2').waitFor()
  })

  await suite.test('articles: two people edit one, and nothing of either is lost', {}, async (page) => {
    const id = await made()
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    const { workflow: { articles: { nodes: [article] } } } = await suite.ask(
      `query($id: ID!) { workflow(id: $id) { articles { nodes { id title markdown revision } } } }`, { id })
    await suite.open(page, `/workflows/${id}/articles/${article.id}`)
    await page.getByRole('button', { name: 'Edit the text', exact: true }).click()
    await suite.accessible(page, 'the editor')
    const text = page.getByLabel('Text in Markdown')
    await text.fill(article.markdown.replace('This article', 'My article'))
    // Another person saves a text of their own now.
    await suite.act('updateArticle', { articleId: article.id, expectedRevision: article.revision, title: 'A title of another person' }, '', 'OPERATOR')
    await page.getByRole('button', { name: /^Save as revision/ }).click()
    await page.getByText(`Revision ${article.revision + 1} came while you wrote`).waitFor()
    await page.locator('.diff ins', { hasText: 'My' }).first().waitFor()
    await suite.accessible(page, 'two texts at once')
    await page.reload() // The text stays in the tab.
    await page.getByRole('button', { name: /^Go on with my text/ }).click()
    await page.getByLabel('Title').fill('A title of another person')
    await page.getByLabel('Reason').fill('More personal.')
    await page.getByRole('button', { name: `Save as revision ${article.revision + 2}` }).click()
    await page.getByRole('heading', { name: 'A title of another person', level: 1 }).waitFor()
    await page.getByText('My article explains').first().waitFor()
    await page.getByRole('link', { name: /^Versions/ }).click()
    await page.getByText('“More personal.”').waitFor()
    await page.getByText('1 line changed.').waitFor()
    await suite.accessible(page, 'the versions')
  })

  await suite.test('articles: send one back, rewrite a section, approve', {}, async (page) => {
    const id = await made()
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    await suite.open(page, `/workflows/${id}/articles`)
    await page.locator('[data-row]').last().getByRole('link').click()
    await page.getByRole('button', { name: 'Send back', exact: true }).click()
    await suite.accessible(page, 'the dialog that sends an article back')
    await page.getByRole('dialog').getByLabel('Feedback').fill('Shorter sentences, please.')
    await page.getByRole('dialog').getByRole('button', { name: 'Send back', exact: true }).click()
    await page.getByText('“Shorter sentences, please.”').waitFor()
    await page.getByText(/revision 2$/).first().waitFor({ timeout: 90_000 })
    await page.getByRole('button', { name: 'Rewrite a section', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Instruction').fill('Begin with an example.')
    await dialog.getByRole('button', { name: 'Look at the cost', exact: true }).click()
    await dialog.getByText(/will cost at most \$/).waitFor()
    await suite.accessible(page, 'the dialog that rewrites a section')
    await dialog.getByRole('button', { name: /^Write it for at most/ }).click()
    await page.getByText(/revision 3$/).first().waitFor({ timeout: 90_000 })
    await page.getByRole('button', { name: 'Approve', exact: true }).click()
    await page.getByText('✓ Approved').waitFor()
    await suite.reaches(id, 'ARTICLE_COMPLETED')
  })

  await suite.test('articles: publish them', {}, async (page) => {
    const id = await made()
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    await suite.open(page, `/workflows/${id}`)
    await page.getByRole('button', { name: 'Publish the articles', exact: true }).click()
    await page.getByText('No site is ready').waitFor()
    await suite.createSite({ name: 'Folder', kind: 'FILE', policy: 'PUBLISH' })
    await page.reload()
    const approve = page.getByRole('button', { name: 'Approve 2 posts', exact: true })
    await approve.waitFor()
    await suite.accessible(page, 'the gate of publishing')
    await approve.click()
    await page.getByText('✓ Live').nth(1).waitFor({ timeout: 60_000 })
    await page.getByText('What happened').first().click()
    await suite.accessible(page, 'the publications')
    await suite.reaches(id, 'COMPLETED')
  })

  await suite.test('articles: those that failed wait in the inbox, and are written again from there', {}, async (page) => {
    const id = await written(suite, 'Short of money', 2, true)
    await suite.until('an article has failed', async () => {
      const { viewer } = await suite.ask('{ viewer { organization { failedArticles { totalCount } } } }')
      return viewer.organization.failedArticles.totalCount > 0
    })
    await suite.open(page, '/reviews')
    const entries = page.getByRole('region', { name: 'Failed articles' }).getByRole('listitem').filter({ hasText: 'Short of money' })
    await entries.first().waitFor()
    await suite.accessible(page, 'the inbox with failed articles')
    await suite.act('setWorkflowLimit', { workflowId: id, limit: '10', idempotencyKey: 'enough again' })
    await entries.first().getByRole('link').click()
    await page.getByRole('button', { name: 'Write it again', exact: true }).click()
    await page.getByText('✓ Done').first().waitFor({ timeout: 60_000 })
  })
}
