import { equal } from '../suite.mjs'

/** Two people who review the same things at the same time, each in a browser of their own. */
export async function run(suite) {
  await suite.test('together: keywords, plan, article and publishing lose no work of two people', {}, async (ada, person) => {
    await suite.act('setGates', { plan: 'HUMAN' })
    await suite.createSite({ name: 'Folder', kind: 'FILE', policy: 'PUBLISH' })
    const id = await suite.createReviewed('Reviewed by two')
    await suite.act('setWorkflowLimit', { workflowId: id, limit: '10', idempotencyKey: 'enough' })
    const bob = await person()
    const both = async (path) => {
      await suite.open(ada, path)
      await suite.open(bob, path, 'OPERATOR')
    }
    const state = () => suite.ask(`query($id: ID!) { workflow(id: $id) { state keywordSelection { count }
      articlePlan { items { id choice revision brief { title angle } } } articles { nodes { id title revision metaDescription } } } }`, { id })

    // Keywords: Ada selects two, Bob three more. Ada sees what Bob did before her approval counts.
    await both(`/workflows/${id}/keywords?intent=COMMERCIAL`)
    const select = (page) => page.locator('.choice[aria-pressed="false"]', { hasText: '✓' })
    for (const [page, from, to, counts] of [[ada, 0, 2, ['1', '2']], [bob, 2, 5, ['3', '4', '5']]]) {
      const names = await Promise.all([...Array(to - from).keys()].map((index) => select(page).nth(from + index).getAttribute('aria-label')))
      for (const [index, name] of names.entries()) {
        await page.getByRole('button', { name, exact: true }).click()
        await page.locator('.decision-count', { hasText: `${counts[index]} selected` }).waitFor()
      }
    }
    await ada.getByRole('button', { name: 'Approve 2 keywords', exact: true }).click()
    await ada.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click()
    await ada.getByRole('dialog').getByText('You saw 2 selected; now there are 5.').waitFor()
    await ada.getByRole('dialog').getByText(/was selected by OPERATOR@example\.com/).nth(2).waitFor()
    await suite.accessible(ada, 'a selection that changed')
    await ada.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).click()
    for (const page of [ada, bob]) await page.getByRole('button', { name: 'Approve 5 keywords', exact: true }).click()
    await ada.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click()
    await ada.getByRole('heading', { name: 'Reviewed by two' }).waitFor()
    await bob.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click()
    await bob.getByRole('dialog').getByText(/now there are 5/).waitFor()

    // The plan: both change one brief, each another field. Then Bob rejects what Ada is about to approve.
    await suite.reaches(id, 'VALIDATION_COMPLETED')
    await both(`/workflows/${id}/plan`)
    const first = (await state()).workflow.articlePlan.items.find((one) => one.brief)
    for (const page of [ada, bob]) await page.getByRole('button', { name: `Edit the brief: ${first.brief.title}` }).click()
    await ada.getByRole('dialog').getByLabel('Title', { exact: true }).fill('A title of Ada')
    await bob.getByRole('dialog').getByLabel('Angle').fill('An angle of Bob.')
    await bob.getByRole('dialog').getByRole('button', { name: 'Save the brief', exact: true }).click()
    await bob.getByRole('dialog').waitFor({ state: 'detached' })
    await ada.getByRole('dialog').getByRole('button', { name: 'Save the brief', exact: true }).click()
    await ada.getByRole('dialog').getByText('Revision 2 of the brief came while you wrote, by OPERATOR@example.com').waitFor()
    await ada.getByRole('dialog').getByText('Angle: “An angle of Bob.”').waitFor()
    await suite.accessible(ada, 'a brief that changed')
    await ada.getByRole('button', { name: 'Go on with my changes', exact: true }).click()
    await ada.getByRole('dialog').getByRole('button', { name: 'Save the brief', exact: true }).click()
    await ada.getByRole('dialog').waitFor({ state: 'detached' })
    const { brief } = (await state()).workflow.articlePlan.items.find((one) => one.id === first.id)
    equal(`${brief.title} ${brief.angle}`, 'A title of Ada An angle of Bob.', 'the brief')
    await ada.getByRole('button', { name: 'Approve: A title of Ada', exact: true }).click()
    await ada.locator('.decision-count', { hasText: /^1 of/ }).waitFor()
    await ada.locator('.choice[aria-pressed="false"]:not([aria-disabled])', { hasText: 'Approve' }).last().click()
    await ada.getByRole('button', { name: 'Write 2 articles', exact: true }).click()
    await bob.reload()
    await bob.getByRole('button', { name: 'Reject: A title of Ada', exact: true }).click()
    await bob.locator('.decision-count', { hasText: '1 rejected' }).waitFor()
    await ada.getByRole('dialog').getByRole('button', { name: 'Approve the plan', exact: true }).click()
    await ada.getByRole('dialog').getByText('“A title of Ada” was rejected by OPERATOR@example.com.').waitFor()
    await ada.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).click()
    await ada.getByRole('button', { name: 'Approve: A title of Ada', exact: true }).click()
    await ada.getByRole('button', { name: 'Write 2 articles', exact: true }).click()
    await ada.getByRole('dialog').getByRole('button', { name: 'Approve the plan', exact: true }).click()
    await ada.getByRole('heading', { name: 'Reviewed by two' }).waitFor()
    await bob.getByText('The workflow does not wait for this review now.').first().waitFor({ state: 'attached' })

    // The article: both write. Bob reads who was first, and what his text would change.
    await suite.reaches(id, 'ARTICLE_COMPLETED')
    const [article] = (await state()).workflow.articles.nodes
    await both(`/workflows/${id}/articles/${article.id}`)
    for (const page of [ada, bob]) await page.getByRole('button', { name: 'Edit the text', exact: true }).click()
    await ada.getByLabel('Title').fill('A title that Ada wrote')
    await bob.getByLabel('Summary').fill('A summary that Bob wrote.')
    await ada.getByRole('button', { name: 'Save as revision 2', exact: true }).click()
    await ada.getByText('Revision 2 is yours.').waitFor()
    const save = bob.getByRole('button', { name: /^Save as revision/ })
    if (await save.getAttribute('aria-disabled') === null) await save.click()
    await bob.getByText('Revision 2 came while you wrote').waitFor()
    await bob.getByText('ADMIN@example.com wrote it').waitFor()
    equal(await bob.getByLabel('Summary').inputValue(), 'A summary that Bob wrote.', 'what Bob wrote')
    await suite.accessible(bob, 'a text that changed')
    await bob.getByRole('button', { name: /^Go on with my text/ }).click()
    await bob.getByLabel('Title').fill('A title that Ada wrote')
    await bob.getByRole('button', { name: 'Save as revision 3', exact: true }).click()
    await bob.getByText('Revision 3 is yours.').waitFor()
    const saved = (await state()).workflow.articles.nodes.find((one) => one.id === article.id)
    equal(`${saved.title} ${saved.metaDescription}`, 'A title that Ada wrote A summary that Bob wrote.', 'the article')

    // Publishing: a text that Bob changes after Ada has chosen it is not approved. She reads it and chooses it again.
    await both(`/workflows/${id}/publish`)
    const chooseAll = async (page) => {
      for (const box of await page.getByRole('group', { name: 'Articles' }).getByRole('checkbox').all()) await box.check()
    }
    await chooseAll(ada)
    let changed = false
    await ada.route('**/graphql', async (route) => { // The text changes while her request is on its way.
      if (!changed && route.request().postData()?.includes('"policy":"PUBLISH"')) {
        changed = true
        await suite.act('updateArticle', { articleId: article.id, expectedRevision: 3, title: 'A title of the last minute' }, '', 'OPERATOR')
      }
      await route.continue()
    })
    await ada.getByRole('button', { name: /^Approve 2 posts/ }).click()
    await ada.getByText('The text of "A title of the last minute" has revision 4 now, by a person.').waitFor()
    await ada.getByText(/^Written .* by OPERATOR@example\.com\.$/).waitFor()
    await ada.getByText('“A title of the last minute” was changed after you chose it.').waitFor()
    await suite.accessible(ada, 'a text that changed before its approval')
    equal((await state()).workflow.state, 'ARTICLE_COMPLETED', 'the state after an approval of another text')
    equal(await ada.getByRole('checkbox', { name: /A title of the last minute/ }).isChecked(), false, 'whether the changed text is chosen')

    // The second of two approvals changes nothing, and says why.
    await bob.reload()
    for (const page of [ada, bob]) await chooseAll(page)
    await bob.route('**/graphql', async (route) => { // His request leaves after hers has its answer.
      if (route.request().postData()?.includes('"policy":"PUBLISH"')) await suite.until('Ada was first', async () => (await state()).workflow.state !== 'ARTICLE_COMPLETED')
      await route.continue()
    })
    for (const page of [bob, ada]) await page.getByRole('button', { name: /^Approve [1-9]\d* posts?/ }).click()
    await bob.getByText(/approved by ADMIN@example\.com|Last decision: Approved by ADMIN@example\.com/).first().waitFor()
    await suite.reaches(id, 'COMPLETED')
  })
}
