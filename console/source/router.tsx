// The pages by their addresses. Only the list is part of the first load.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, redirect } from '@tanstack/react-router'
import { base, type Settings } from './api/settings'
import { readBatchSearch } from './pages/batches/search'
import { readTab } from './pages/workflow/tabs'
import { WorkflowsPage } from './pages/workflows'
import { readSearch } from './pages/workflows-search'
import { readAlertSearch } from './pages/alerts/search'
import { readArticleSearch, readArticlesSearch } from './pages/articles/search'
import { readPlanSearch } from './pages/plan/search'
import { readPriceSearch } from './pages/prices/search'
import { readReviewSearch } from './pages/reviews/search'
import { readSpendSearch } from './pages/spend/search'
import { readKeywordSearch } from './pages/keywords-search'
import { Shell } from './shell'
import { Button, PageTitle } from './ui/basic'

/** A page failed to load or to draw. After an update of the server the files of the old version are gone. */
function Broken({ error }: { error: unknown }) {
  return (
    <>
      <PageTitle title="This page could not be shown" />
      <p>A new version of the console may be there. Reload the page.</p>
      <p className="faint">{String((error as Error)?.message ?? error)}</p>
      <Button kind="primary" onClick={() => location.reload()}>Reload the page</Button>
    </>
  )
}

function Missing() {
  return (
    <>
      <PageTitle title="There is no such page" />
      <p><Link to="/workflows">Go to the workflows</Link></p>
    </>
  )
}

export function createAppRouter(settings: Settings) {
  const root = createRootRoute({ component: () => <Shell settings={settings} /> })
  const of = () => root
  const routes = [
    createRoute({ getParentRoute: of, path: '/', beforeLoad: () => { throw redirect({ to: '/workflows' }) } }),
    createRoute({ getParentRoute: of, path: '/workflows', component: WorkflowsPage, validateSearch: readSearch }),
    createRoute({
      getParentRoute: of, path: '/workflows/$id', validateSearch: readTab,
      component: lazyRouteComponent(() => import('./pages/workflow/page'), 'WorkflowPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/workflows/$id/keywords', validateSearch: readKeywordSearch,
      component: lazyRouteComponent(() => import('./pages/keywords/page'), 'KeywordsPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/workflows/$id/plan', validateSearch: readPlanSearch,
      component: lazyRouteComponent(() => import('./pages/plan/page'), 'PlanPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/workflows/$id/articles', validateSearch: readArticlesSearch,
      component: lazyRouteComponent(() => import('./pages/articles/list'), 'ArticlesPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/workflows/$id/articles/$article', validateSearch: readArticleSearch,
      component: lazyRouteComponent(() => import('./pages/articles/page'), 'ArticlePage'),
    }),
    createRoute({
      getParentRoute: of, path: '/workflows/$id/publish',
      component: lazyRouteComponent(() => import('./pages/publish/page'), 'PublishPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/batches', component: lazyRouteComponent(() => import('./pages/batches/list'), 'BatchesPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/batches/$batch', validateSearch: readBatchSearch,
      component: lazyRouteComponent(() => import('./pages/batches/page'), 'BatchPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/reviews', validateSearch: readReviewSearch,
      component: lazyRouteComponent(() => import('./pages/reviews/page'), 'ReviewsPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/spend', validateSearch: readSpendSearch,
      component: lazyRouteComponent(() => import('./pages/spend/page'), 'SpendPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/alerts', validateSearch: readAlertSearch,
      component: lazyRouteComponent(() => import('./pages/alerts/page'), 'AlertsPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/audit', component: lazyRouteComponent(() => import('./pages/audit/page'), 'AuditPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/graph', component: lazyRouteComponent(() => import('./pages/graph/page'), 'GraphPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/prices', validateSearch: readPriceSearch,
      component: lazyRouteComponent(() => import('./pages/prices/page'), 'PricesPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/keys', component: lazyRouteComponent(() => import('./pages/keys/page'), 'KeysPage'),
    }),
    createRoute({
      getParentRoute: of, path: '/organization',
      component: lazyRouteComponent(() => import('./pages/organization/page'), 'OrganizationPage'),
    }),
  ]
  return createRouter({
    routeTree: root.addChildren(routes),
    basepath: base,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: Missing,
  })
}

declare module '@tanstack/react-router' {
  interface Register { router: ReturnType<typeof createAppRouter> }
}
