// Writes the pictures of the documentation: the main screens in light, in dark and at 390 pixels.
import { openPage } from './browser.mjs'

const looks = [
  ['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }],
  ['390px', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
]

export async function takeScreenshots(suite, folder) {
  const waiting = await suite.create('Acme Robotics, spring')
  await suite.reaches(waiting, 'SEED_REVIEW_PENDING')
  await suite.ask(`mutation($i: DecideKeywordsInput!) { decideKeywords(input: $i) { affected } }`,
    { i: { workflowId: waiting, where: { intents: ['COMMERCIAL'] }, choice: 'SELECTED' } })
  const poor = await suite.create('Northwind, a small limit', { spendLimit: '0.001' })
  await suite.reaches(poor, 'ICP_FAILED')
  for (const name of ['Contoso, autumn', 'Fabrikam', 'Initech']) await suite.create(name, { start: name !== 'Initech' })
  const screens = [
    ['workflows', '/workflows', 'Initech'], ['workflow', `/workflows/${waiting}`, 'Ideal customer'],
    ['keywords', `/workflows/${waiting}/keywords`, 'selected'], ['spend', '/spend', 'perplexity/sonar'],
    ['graph', '/graph', 'Topic clustering'], ['audit', '/audit', 'Exports'],
  ]
  for (const [look, options] of looks) {
    const page = await openPage(suite.browser, { origins: [suite.world.address], ...options })
    for (const [name, path, text] of screens) {
      await suite.open(page, path)
      await page.getByText(text).first().waitFor()
      await page.waitForFunction(() => !document.querySelector('.skeleton'))
      await page.getByText('Live').waitFor()
      await page.screenshot({ path: `${folder}/console-${name}-${look}.png` })
    }
    await page.context().close()
  }
  console.log(`${screens.length * looks.length} pictures in ${folder}`)
}
