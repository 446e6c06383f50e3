import { equal } from '../suite.mjs'

/** The pages, by the text that shows that they are complete. */
const pages = [
  ['/workflows', 'Last moved first'], ['/workflows?text=there+is+no+such+name', 'No workflow matches'],
  ['/workflows/ID', 'Ideal customer'], ['/workflows/ID?tab=journal', 'ICP processing'],
  ['/workflows/ID?tab=calls', 'perplexity/sonar'], ['/workflows/ID?tab=ledger', 'Settle'],
  ['/workflows/ID/keywords', 'selected'], ['/workflows/PLANNED/plan', 'A title of my own'], ['/reviews', 'waits for'], ['/spend', 'Booked by day'], ['/spend?view=months', 'At its end'],
  ['/spend?view=ledger', 'Settle'], ['/spend?view=calls', 'openai/gpt-4o-mini'],
  ['/alerts', 'Open the workflow'], ['/audit', 'Own prices'], ['/graph', 'Topic clustering'], ['/prices', 'openai/gpt-4o-mini'],
  ['/keys', 'nightly report'], ['/organization', 'Publish targets'],
  ['/workflows/wf_00000000-0000-7000-8000-000000000000', 'no workflow with this id'], ['/nothing', 'There is no such page'],
]

export async function run(suite) {
  const { workflows } = await suite.ask('{ workflows(filter: { nameContains: "By hand" }) { nodes { id } } }')
  const id = workflows.nodes[0]?.id
  const planned = (await suite.ask('{ workflows(filter: { nameContains: "Planned by hand" }) { nodes { id } } }')).workflows.nodes[0]?.id
  for (const [name, options] of [
    ['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }],
    ['390 px', { viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' }],
  ]) {
    await suite.test(`pages: axe finds nothing, ${name}`, options, async (page) => {
      for (const [path, text] of pages) {
        await suite.open(page, path.replace('ID', id).replace('PLANNED', planned))
        await page.getByText(text).first().waitFor({ state: 'attached' })
        await page.waitForFunction(() => !document.querySelector('.skeleton'))
        await suite.accessible(page, `${path}, ${name}`)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (wide > 0) throw new Error(`${path}, ${name}: ${wide} px wider than the window`)
        if (name !== '390 px') continue
        await page.setViewportSize({ width: 320, height: 800 }) // 1280 px at a zoom of 400 %
        const zoomed = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (zoomed > 0) throw new Error(`${path} at 320 px: ${zoomed} px wider than the window`)
        await page.setViewportSize(options.viewport)
      }
    })
  }

  const menus = {
    VIEWER: 'Workflows Reviews Spend Graph Prices Organization',
    WORKER: 'Workflows Reviews Spend Graph Prices Organization',
    OPERATOR: 'Workflows Reviews Spend Alerts Graph Prices Organization',
    AUDITOR: 'Workflows Reviews Spend Alerts Audit Graph Prices API keys Organization',
    FINANCE: 'Workflows Reviews Spend Alerts Audit Graph Prices Organization',
    ADMIN: 'Workflows Reviews Spend Alerts Audit Graph Prices API keys Organization',
  }
  for (const [role, menu] of Object.entries(menus)) {
    await suite.test(`pages: the menu and the forbidden pages of ${role}`, {}, async (page) => {
      await suite.open(page, '/workflows', role)
      await page.locator('.frame .menu a').first().waitFor()
      const shown = await page.locator('.frame .menu li:not(.menu-apart) a').evaluateAll((links) =>
        links.map((link) => link.lastChild.textContent).join(' '))
      equal(shown, menu, 'the menu')
      const create = page.getByRole('button', { name: 'New workflow' }).first()
      equal(await create.getAttribute('aria-disabled'), ['OPERATOR', 'ADMIN'].includes(role) ? null : 'true', 'creating')
      for (const [path, word] of [['/alerts', 'Alerts'], ['/keys', 'API keys']]) {
        if (menu.includes(word)) continue
        await suite.open(page, path, role)
        await page.getByText('You may not see this').first().waitFor()
        await suite.accessible(page, `${path} of ${role}`)
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
