import { equal, once } from '../suite.mjs'
import { written } from './articles.mjs'

/** The pages, by the text that shows that they are complete; some after an act of a person. */
const pages = [
  ['/workflows', 'Last moved first'], ['/workflows?text=there+is+no+such+name', 'No workflow matches'],
  ['/workflows/ID', 'Ideal customer'], ['/workflows/ID?tab=journal', 'ICP processing'],
  ['/workflows/ID?tab=calls', 'perplexity/sonar'], ['/workflows/ID?tab=ledger', 'Settle'],
  ['/workflows/ID/keywords', 'selected'], ['/workflows/PLANNED', 'left out'], ['/workflows/PLANNED/plan', 'approved'],
  ['/workflows/WRITTEN/articles', '2 of 2 articles finished'], ['/workflows/WRITTEN/articles/ARTICLE', 'Address'],
  ['/workflows/WRITTEN/articles/ARTICLE?part=sources', 'cited'], ['/workflows/WRITTEN/articles/ARTICLE?part=versions', 'by the engine'],
  ['/workflows/WRITTEN/articles/ARTICLE?part=cost', 'Outline'],
  ['/workflows/WRITTEN/articles/ARTICLE', 'Your text', (page) => page.getByRole('button', { name: 'Edit the text', exact: true }).click()],
  ['/workflows/WRITTEN/publish', 'Time in', (page) => page.getByLabel('How far').selectOption('SCHEDULE')],
  ['/workflows/PUBLISHED/publish', 'What happened', (page) => page.getByText('What happened').first().click()],
  ['/workflows/WRITTEN/articles/ARTICLE?part=checks', 'notice'],
  ['/workflows', 'Limit in US dollars', (page) => page.getByRole('button', { name: 'New workflow', exact: true }).click()],
  ['/workflows/ID', 'It goes into the journal', (page) => page.getByRole('button', { name: 'Cancel workflow', exact: true }).click()],
  ['/workflows', ' can, ', (page) => page.getByRole('button', { name: 'Cancel…', exact: true }).click()],
  ['/batches', 'Cancel many workflows'], ['/batches/BATCH', 'Changed'], ['/batches/batch_00000000-0000-7000-8000-000000000000', 'no batch with this id'],
  ['/reviews', 'failed '], ['/reviews?kind=decisions', 'waits for'], ['/spend', 'Booked by day'], ['/spend?view=months', 'At its end'],
  ['/spend?view=ledger', 'Settle'], ['/spend?view=calls', 'openai/gpt-4o-mini'],
  ['/alerts', 'Open the workflow'], ['/audit', 'Own prices'], ['/graph', 'Topic clustering'], ['/prices', 'openai/gpt-4o-mini'],
  ['/keys', 'nightly report'], ['/organization', 'Publish targets'],
  ['/workflows/wf_00000000-0000-7000-8000-000000000000', 'no workflow with this id'],
  ['/workflows/wf_00000000-0000-7000-8000-000000000000/plan', 'no workflow with this id'], ['/nothing', 'There is no such page'],
]

/** How a person may look at a page. 320 pixels are 1280 at a zoom of 400 %. */
const looks = [
  ['light', { colorScheme: 'light', reducedMotion: 'no-preference' }, 1280, [1280]],
  ['dark', { colorScheme: 'dark', reducedMotion: 'no-preference' }, 1280, [1280]],
  ['390 px', { colorScheme: 'light', reducedMotion: 'reduce' }, 390, [320, 390]],
]

/** Fills the organization, so that no page is empty. */
async function fill(suite) {
  await suite.act('setGates', { plan: 'HUMAN' })
  const [id, planned, done, published] = await Promise.all([
    suite.createReviewed('By hand'), suite.createReviewed('Planned by hand'), written(suite, 'Written by hand'),
    written(suite, 'Published by hand'), suite.createSite({ name: 'Folder', kind: 'FILE', policy: 'PUBLISH' }),
  ])
  await suite.approveKeywords(planned)
  const poor = await suite.create('Reaches its limit', { start: false })
  await suite.act('setWorkflowLimit', { workflowId: poor, limit: '0.0061', idempotencyKey: 'low' })
  await suite.act('recordUsage', {
    workflowId: poor, model: 'openai/gpt-4o-mini', promptTokens: 1, completionTokens: 1, cost: '0.006', idempotencyKey: 'one',
  })
  await suite.act('startStep', { workflowId: poor })
  await suite.act('createApiKey', { name: 'nightly report', role: 'AUDITOR', expiresAt: new Date(Date.now() + 86_400_000).toISOString() })
  await suite.reaches(poor, 'ICP_FAILED')
  await suite.reaches(planned, 'VALIDATION_COMPLETED')
  await suite.reaches(done, 'ARTICLE_COMPLETED')
  await suite.reaches(published, 'ARTICLE_COMPLETED')
  const articlesOf = (workflowId) => suite.ask(
    'query($id: ID!) { workflow(id: $id) { version articles { nodes { id revision } } } viewer { organization { publishTargets { id } } } }', { id: workflowId })
  const { workflow: { version, articles }, viewer } = await articlesOf(published)
  await suite.act('approvePublishing', {
    workflowId: published, expectedVersion: version, policy: 'PUBLISH',
    articles: articles.nodes.map((one) => ({ articleId: one.id, expectedRevision: one.revision })),
    targetIds: viewer.organization.publishTargets.map((one) => one.id),
  })
  await suite.reaches(published, 'COMPLETED')
  const { workflow } = await articlesOf(done)
  return { ID: id, PLANNED: planned, WRITTEN: done, PUBLISHED: published, ARTICLE: workflow.articles.nodes[0].id, BATCH: await cancelMany(suite) }
}

/** Cancels two workflows by one batch. Returns its id. */
async function cancelMany(suite) {
  const workflowIds = [await suite.create('Import a', { start: false }), await suite.create('Import b', { start: false })]
  const { preview: { digest } } = await suite.act('cancelWorkflows', { workflowIds }, 'preview { digest }')
  const { batch } = await suite.act('cancelWorkflows', { workflowIds, digest, idempotencyKey: 'many' }, 'batch { id }')
  await suite.until('the batch has ended', async () =>
    (await suite.ask('query($id: ID!) { node(id: $id) { ... on Batch { endedAt } } }', { id: batch.id })).node.endedAt)
  return batch.id
}

/** Throws when the page is wider than its window, or when an amount of money is cut by the edge of a box. */
async function fits(page, what) {
  const { wide, cut } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    cut: [...document.querySelectorAll('.table-box .money')].filter((one) =>
      one.getBoundingClientRect().right > one.closest('.table-box').getBoundingClientRect().right).length,
  }))
  if (wide > 0) throw new Error(`${what}: ${wide} px wider than the window`)
  if (cut > 0) throw new Error(`${what}: ${cut} amounts are cut`)
}

/** Throws when a group of tabs has not one that is the present one. */
async function hasOneTab(page, what) {
  const counts = await page.evaluate(() => [...document.querySelectorAll('.tabs')].map((one) => one.querySelectorAll('[aria-current="page"]').length))
  equal(counts.every((count) => count === 1), true, `${what}: one present tab, not ${counts}`)
}

/** Keeps a picture of a page for people, in the folder CONSOLE_LOOK. */
async function look(page, name) {
  const folder = process.env.CONSOLE_LOOK
  if (folder) await page.screenshot({ path: `${folder}/${name.replace(/[^A-Za-z0-9]+/g, '-')}.png`, fullPage: true })
}

export async function run(suite) {
  const filled = once(() => fill(suite))

  const half = Math.ceil(pages.length / 2)
  const check = (name, some, offset) => suite.test(`pages: axe finds nothing in light, in dark and at 390 px, ${name}`, {}, async (page) => {
    const ids = await filled()
    await suite.open(page, '/')
    await page.getByRole('heading', { name: 'Workflows' }).waitFor()
    const found = []
    for (const [index, [path, text, act]] of some.entries()) {
      await page.setViewportSize({ width: 1280, height: 900 })
      await suite.go(page, path.replace(/[A-Z]{2,}/g, (word) => ids[word]))
      await act?.(page)
      await page.getByText(text).first().waitFor({ state: 'attached' })
      await page.waitForFunction(() => !document.querySelector('.skeleton'))
      await hasOneTab(page, path).catch((error) => found.push(error.message))
      for (const [name, media, width, widths] of looks) {
        await page.emulateMedia(media)
        for (const one of widths) {
          await page.setViewportSize({ width: one, height: one < 760 ? 844 : 900 })
          await fits(page, `${path} at ${one} px`).catch((error) => found.push(error.message))
        }
        equal(page.viewportSize().width, width, 'the width')
        await look(page, `${offset + index} ${path} ${name}`)
        await suite.accessible(page, `${path}, ${name}`, { onlyColors: name === 'dark' }).catch((error) => found.push(error.message))
      }
    }
    if (found.length > 0) throw new Error(found.join('\n'))
  })
  await Promise.all([check('one half', pages.slice(0, half), 10), check('the other half', pages.slice(half), 10 + half)])
}
