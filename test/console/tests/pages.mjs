import { equal } from '../suite.mjs'

/** The pages, by the text that shows that they are complete. */
const pages = [
  ['/workflows', 'Last moved first'], ['/workflows?text=there+is+no+such+name', 'No workflow matches'],
  ['/workflows/ID', 'Ideal customer'], ['/workflows/ID?tab=journal', 'ICP processing'],
  ['/workflows/ID?tab=calls', 'perplexity/sonar'], ['/workflows/ID?tab=ledger', 'Settle'],
  ['/workflows/ID/keywords', 'selected'], ['/reviews', 'waits for'], ['/spend', 'Booked by day'],
  ['/alerts', 'Open the workflow'], ['/audit', 'Exports'], ['/graph', 'Topic clustering'], ['/prices', 'openai/gpt-4o-mini'],
  ['/keys', 'nightly report'], ['/organization', 'Publish targets'],
  ['/workflows/wf_00000000-0000-7000-8000-000000000000', 'no workflow with this id'], ['/nothing', 'There is no such page'],
]

export async function run(suite) {
  const { workflows } = await suite.ask('{ workflows(filter: { nameContains: "By hand" }) { nodes { id } } }')
  const id = workflows.nodes[0]?.id
  for (const [name, options] of [
    ['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }],
    ['390 px', { viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' }],
  ]) {
    await suite.test(`pages: axe finds nothing, ${name}`, options, async (page) => {
      for (const [path, text] of pages) {
        await suite.open(page, path.replace('ID', id))
        await page.getByText(text).first().waitFor({ state: 'attached' })
        await page.waitForFunction(() => !document.querySelector('.skeleton'))
        await suite.accessible(page, `${path}, ${name}`)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (wide > 0) throw new Error(`${path}, ${name}: ${wide} px wider than the window`)
      }
    })
  }

  await suite.test('pages: a role sees and may do what it should', {}, async (page) => {
    await suite.open(page, `/workflows/${id}`, 'VIEWER')
    await page.getByText('Ideal customer').waitFor()
    equal(await page.getByRole('link', { name: 'Ledger' }).count(), 0, 'the ledger of a viewer')
    const cancel = page.getByRole('button', { name: 'Cancel workflow' })
    equal(await cancel.getAttribute('aria-disabled'), 'true', 'the button of a viewer')
    await cancel.hover()
    await cancel.locator('xpath=following-sibling::span[contains(., "Your role VIEWER may not run workflows.")]').waitFor()
  })
}
