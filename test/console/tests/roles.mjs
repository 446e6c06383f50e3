import { equal } from '../suite.mjs'

const menus = {
  VIEWER: 'Workflows Reviews Spend Graph Prices Organization',
  OPERATOR: 'Workflows Reviews Spend Alerts Graph Prices Organization',
  AUDITOR: 'Workflows Reviews Spend Alerts Audit Graph Prices API keys Organization',
  FINANCE: 'Workflows Reviews Spend Alerts Audit Graph Prices Organization',
  ADMIN: 'Workflows Reviews Spend Alerts Audit Graph Prices API keys Organization',
}

export async function run(suite) {
  for (const [role, menu] of Object.entries(menus)) {
    await suite.test(`roles: the menu and the forbidden pages of ${role}`, {}, async (page) => {
      await suite.open(page, '/workflows', role)
      await page.locator('.frame .menu a').first().waitFor()
      const shown = await page.locator('.frame .menu li:not(.menu-apart) a').evaluateAll((links) =>
        links.map((link) => link.lastChild.textContent).join(' '))
      equal(shown, menu, 'the menu')
      const create = page.getByRole('button', { name: 'New workflow', exact: true }).first()
      equal(await create.getAttribute('aria-disabled'), ['OPERATOR', 'ADMIN'].includes(role) ? null : 'true', 'creating')
      for (const [path, word] of [['/alerts', 'Alerts'], ['/keys', 'API keys']]) {
        if (menu.includes(word)) continue
        await suite.go(page, path)
        await page.getByText('You may not see this').first().waitFor()
        await suite.accessible(page, `${path} of ${role}`)
      }
    })
  }

  await suite.test('roles: a program is sent away', {}, async (page) => {
    await suite.open(page, '/workflows', 'WORKER')
    await page.getByRole('heading', { name: 'The console is for people' }).waitFor()
    await suite.accessible(page, 'the page of a program')
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  await suite.test('roles: a role sees and may do what it should', {}, async (page) => {
    const id = await suite.createReviewed('Seen by a viewer')
    await suite.open(page, `/workflows/${id}`, 'VIEWER')
    await page.getByText('Ideal customer').waitFor()
    equal(await page.getByRole('link', { name: 'Ledger' }).count(), 0, 'the ledger of a viewer')
    const cancel = page.getByRole('button', { name: 'Cancel workflow', exact: true })
    equal(await cancel.getAttribute('aria-disabled'), 'true', 'the button of a viewer')
    await cancel.hover()
    const tip = cancel.locator('xpath=following-sibling::span[contains(., "Your role VIEWER may not run workflows.")]')
    await tip.waitFor()
    await page.keyboard.press('Escape')
    await tip.waitFor({ state: 'hidden' })
    await page.mouse.move(0, 0)
    await cancel.focus()
    await tip.waitFor()
    await page.keyboard.press('Escape')
    await tip.waitFor({ state: 'hidden' })
    equal(await cancel.evaluate((button) => button === document.activeElement), true, 'the focus stays')
    await cancel.blur()
    await cancel.focus()
    await tip.waitFor()
  })
}
