import { equal } from '../suite.mjs'

/** What the sign-in keeps in the storage of the tab. */
const kept = (page) => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith('infin8')).join())

export async function run(suite) {
  const { members, issuer } = suite.world

  await suite.test('sign-in: a link with a token', {}, async (page) => {
    await suite.open(page, '/')
    await page.getByRole('heading', { name: 'Workflows' }).waitFor()
    equal(new URL(page.url()).hash, '', 'the token is gone from the address')
    await page.reload()
    await page.getByRole('heading', { name: 'Workflows' }).waitFor()
  })

  await suite.test('sign-in: a pasted token, and its errors', {}, async (page) => {
    await page.goto(`${suite.world.address}/console/workflows?status=FAILED`)
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await suite.accessible(page, 'sign-in')
    await page.getByRole('button', { name: 'Sign in with a token', exact: true }).click()
    await page.getByText('Paste a token.').waitFor()
    await page.getByLabel('Token').fill('not a token')
    await page.getByRole('button', { name: 'Sign in with a token', exact: true }).click()
    await page.getByText('This is not a token').waitFor()
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in with a token', exact: true }).click()
    await page.getByText('The server no longer accepts your sign-in').waitFor()
    await page.getByLabel('Token').fill(suite.token('VIEWER'))
    await page.getByRole('button', { name: 'Sign in with a token', exact: true }).click()
    await page.getByRole('button', { name: /^Failed/, pressed: true }).waitFor()
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    equal(await kept(page), '', 'what stays after the sign-out')
  })

  await suite.test('sign-in: at the issuer, with a deep link, and renewed', {}, async (page) => {
    await page.goto(`${members}/console/workflows?status=FAILED&order=stuck`)
    await page.getByRole('button', { name: /^Failed/, pressed: true }).waitFor()
    equal(page.url(), `${members}/console/workflows?status=FAILED&order=stuck`, 'the address after the sign-in')
    equal(await kept(page), '', 'what stays in the storage')
    await page.getByText('ada@example.com').first().waitFor()
    // A token lives 20 s here, so the page renews it after half of that.
    const renewed = await page.waitForResponse((response) => response.url() === `${issuer}/token`, { timeout: 15_000 })
    equal(renewed.status(), 200, 'the renewal')
    await page.getByRole('button', { name: /^All/ }).click()
    await page.getByRole('button', { name: /^All/, pressed: true }).waitFor()
  })

  await suite.test('sign-in: members only takes no token from a link', {}, async (page) => {
    await page.goto(`${members}/console/#token=${suite.token()}`)
    await page.getByText('ada@example.com').first().waitFor()
  })
}
