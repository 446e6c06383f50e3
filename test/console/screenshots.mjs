// Writes the pictures of the documentation: the main screens in light, in dark and at 390 pixels.
import { openPage } from './browser.mjs'
import { written } from './tests/articles.mjs'

const looks = [
  ['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }],
  ['390px', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
]

export async function takeScreenshots(suite, folder) {
  const done = await written(suite, 'Acme Robotics, summer')
  await suite.reaches(done, 'ARTICLE_COMPLETED')
  const { workflow: { articles: { nodes: [article] } } } = await suite.ask(
    'query($id: ID!) { workflow(id: $id) { articles { nodes { id } } } }', { id: done })
  const waiting = await suite.createReviewed('Acme Robotics, spring')
  await suite.act('decideKeywords', { workflowId: waiting, where: { intents: ['COMMERCIAL'] }, choice: 'SELECTED' })
  const poor = await suite.create('Northwind, a small limit', { spendLimit: '0.001' })
  await suite.reaches(poor, 'ICP_FAILED')
  for (const name of ['Contoso, autumn', 'Fabrikam', 'Initech']) await suite.create(name, { start: name !== 'Initech' })
  const screens = [
    ['workflows', '/workflows', 'Initech'], ['workflow', `/workflows/${done}`, 'Ideal customer'],
    ['reviews', '/reviews', 'failed '], ['keywords', `/workflows/${waiting}/keywords`, 'selected'],
    ['article', `/workflows/${done}/articles/${article.id}`, 'Address'], ['spend', '/spend', 'perplexity/sonar'],
    ['graph', '/graph', 'Topic clustering'],
  ]
  for (const [look, options] of looks) {
    const page = await openPage(suite.browser, { origins: [suite.world.address], ...options })
    for (const [name, path, text] of screens) {
      await suite.open(page, path)
      await page.getByText(text).first().waitFor()
      await page.waitForFunction(() => !document.querySelector('.skeleton'))
      await page.locator('.connection.live').waitFor()
      await page.screenshot({ path: `${folder}/console-${name}-${look}.png` })
    }
    await page.context().close()
  }
  console.log(`${screens.length * looks.length} pictures in ${folder}`)
}
