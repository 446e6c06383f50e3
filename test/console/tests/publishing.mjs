import { written } from './articles.mjs'

/** Publishing where a person must decide: an editor of the site changes each post before it is public. */
export async function run(suite) {
  await suite.test('publishing: a time, three conflicts, three decisions, and one post withdrawn', {}, async (page) => {
    await suite.createWordPress('Magazine', suite.world.edited)
    const id = await written(suite, 'Published with conflicts', 3)
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    await suite.open(page, `/workflows/${id}/publish`)
    await page.getByLabel('How far').selectOption('SCHEDULE')
    const approve = page.getByRole('button', { name: 'Approve 3 posts', exact: true })
    const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 16)
    await page.getByLabel('Time in UTC').fill('2020-01-01T09:00')
    await approve.click()
    await page.getByRole('alert').filter({ hasText: /future|time/ }).first().waitFor()
    await page.getByLabel('Time in UTC').fill(inAWeek)
    await approve.click()
    await page.getByText('◉ Needs a decision').nth(2).waitFor({ timeout: 60_000 })
    await suite.accessible(page, 'posts that need a decision')

    await suite.go(page, '/reviews')
    const entries = page.getByRole('region', { name: 'Posts' }).getByRole('listitem')
    await entries.filter({ hasText: 'Magazine' }).nth(2).waitFor()
    await page.getByText('a person has changed the post on the site').first().waitFor()
    await suite.accessible(page, 'the inbox with posts')
    await entries.getByRole('link').first().click()
    await page.getByRole('heading', { name: 'Publishing' }).waitFor()

    const decide = async (button, reason) => {
      await page.getByRole('button', { name: button }).first().click()
      const dialog = page.getByRole('dialog')
      await suite.accessible(page, `the dialog: ${button.source}`)
      await dialog.getByLabel('Reason').fill(reason)
      await dialog.locator('button[type="submit"]').click()
      await dialog.waitFor({ state: 'detached' })
    }
    await decide(/^Replace it/, 'Our text is the newer one.')
    await page.getByText('◷ Scheduled').first().waitFor({ timeout: 60_000 })
    await decide(/^Keep the site’s post/, 'The editor is right.')
    await page.getByText('◷ Scheduled').nth(1).waitFor({ timeout: 60_000 })
    await decide(/^Leave it out/, 'Not for this site.')
    await page.getByText('⊘ Left out').waitFor()
    await suite.reaches(id, 'COMPLETED') // The step ends with the last decision.
    await suite.accessible(page, 'posts that are decided')
    await decide(/^Withdraw/, 'Not this week.')
    await page.getByText('⊘ Withdrawn').waitFor({ timeout: 60_000 })
    await page.getByText('What happened').first().click()
    await page.getByText('“Our text is the newer one.”').or(page.getByText('“Not this week.”')).first().waitFor()

    const posts = await (await fetch(`${suite.world.edited}/sandbox/posts`)).json()
    const states = posts.posts.map((one) => one.status).sort().join()
    if (states !== 'draft,draft,future') throw new Error(`the posts on the site are ${states}`)
  })
}
