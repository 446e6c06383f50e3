import { equal } from '../suite.mjs'

const selection = '{ keywordSelection { count digest } version }'

export async function run(suite) {
  await suite.test('keywords: select a filter, add one, send back once, approve', {}, async (page) => {
    await suite.act('setGates', { plan: 'HUMAN' }) // So that nothing is written after the approval.
    const id = await suite.createReviewed('Keywords by hand')
    await suite.open(page, '/reviews')
    await page.getByRole('link', { name: /Keywords by hand/ }).click()
    await page.getByRole('heading', { name: 'Keyword review' }).waitFor()
    const approve = page.getByRole('button', { name: /^Approve/ })
    equal(await approve.getAttribute('aria-disabled'), 'true', 'approving nothing')
    const all = page.getByRole('button', { name: /^Select all [1-9]/ })
    const everything = await all.textContent()
    await page.getByLabel('Intent').selectOption('COMMERCIAL')
    await page.waitForURL(/intent=COMMERCIAL/)
    await all.filter({ hasNotText: everything }).waitFor()
    const count = Number((await all.textContent()).match(/\d+/)[0])
    await all.click()
    await page.locator('.decision-count', { hasText: `${count} selected` }).waitFor()
    await page.getByLabel('Intent').selectOption('')
    await page.getByRole('button', { name: 'Add keywords' }).click()
    await page.getByRole('dialog').getByLabel('Keywords, one a line').fill('a keyword of my own\n')
    await page.getByRole('dialog').getByRole('button', { name: 'Add 1 keyword' }).click()
    await page.locator('.decision-count', { hasText: `${count + 1} selected` }).waitFor()

    await page.getByRole('button', { name: 'Send back' }).click()
    await suite.accessible(page, 'the dialog that sends back')
    await page.getByRole('dialog').getByLabel('Feedback').fill('More for small teams, please.')
    await page.getByRole('dialog').getByRole('button', { name: 'Send back' }).click()
    await page.getByText('1 earlier visit superseded').first().waitFor()
    await page.getByRole('button', { name: 'Review the keywords' }).click()
    await page.getByText('Last decision: Rejected by ADMIN@example.com: “More for small teams, please.”').waitFor()
    await page.locator('.decision-count', { hasText: /[1-9]\d* selected/ }).waitFor() // Choices are carried over.
    await page.getByText(/This work will cost at most \$/).first().waitFor()
    await approve.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('heading', { name: 'Keywords by hand' }).waitFor()
    const { workflow } = await suite.ask(`query($id: ID!) { workflow(id: $id) { gates { key decisions { verdict } } } }`, { id })
    equal(workflow.gates[0].decisions.map((one) => one.verdict).join(), 'APPROVED,REJECTED', 'the decisions')
  })

  await suite.test('keywords: two reviewers at once, and both see why', {}, async (page) => {
    const id = await suite.createReviewed('Two reviewers')
    const decide = (where, choice) => suite.act('decideKeywords', { workflowId: id, where, choice }, '', 'OPERATOR')
    await decide({ intents: ['COMMERCIAL'] }, 'SELECTED')
    await suite.open(page, `/workflows/${id}/keywords`)
    await page.getByRole('button', { name: /^Approve [1-9]/ }).click()
    await decide({ intents: ['INFORMATIONAL'] }, 'SELECTED')
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('dialog').getByText(/You saw \d+ selected; now there are \d+/).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
    const { workflow } = await suite.ask(`query($id: ID!) { workflow(id: $id) ${selection} }`, { id })
    await page.getByRole('button', { name: `Approve ${workflow.keywordSelection.count} keywords` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('heading', { name: 'Two reviewers' }).waitFor()
  })

  await suite.test('keywords: a review with the keyboard alone', {}, async (page) => {
    const id = await suite.createReviewed('Reviewed by keyboard')
    const focused = () => page.evaluate(() =>
      document.activeElement === document.body ? '' : document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent)
    /** Presses a key until the focus is on an element with this name. */
    const reach = async (key, name) => {
      for (let presses = 0; presses < 40; presses++) {
        if (name.test(await focused())) return
        await page.keyboard.press(key)
      }
      throw new Error(`not reached by ${key}: ${name}; the focus is on ${await focused()}`)
    }
    await suite.open(page, '/reviews')
    await page.getByRole('link', { name: /Reviewed by keyboard/ }).waitFor()
    await reach('j', /Reviewed by keyboard/)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Select all [1-9]/ }).waitFor()
    for (const count of [1, 2]) {
      await page.keyboard.press('j')
      await page.keyboard.press('Enter')
      await page.locator('.decision-count', { hasText: `${count} selected` }).waitFor()
    }
    await page.keyboard.press('/')
    await reach('Shift+Tab', /^Send back$/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    equal(await focused(), 'Send back', 'the focus after the dialog')
    await reach('Shift+Tab', /^Approve 2 keywords$/)
    await page.keyboard.press('Enter')
    await reach('Tab', /^Approve$/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Reviewed by keyboard' }).waitFor()
  })
}
