import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { HomePage } from './home/home-page.tsx'
import { bootSearch, fleetSearch, parseSearch, querySearch, reviewSearch, stringifySearch } from './search.ts'
import { Shell } from './shell/shell.tsx'
import { Empty, Failure, Loading } from './ui/states.tsx'

/** The addresses. Only the first page comes with the first load; each other view is fetched when it is gone to. */

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => <Empty title="There is no such page." command="holotype status" />,
})

const home = createRoute({ getParentRoute: () => root, path: '/', component: HomePage })

const fleet = createRoute({
  getParentRoute: () => root,
  path: '/nodes',
  validateSearch: fleetSearch,
  component: lazyRouteComponent(() => import('./fleet/fleet-page.tsx'), 'FleetPage'),
})

/** The view's own name leads there too. */
const fleetName = createRoute({
  getParentRoute: () => root,
  path: '/fleet',
  validateSearch: fleetSearch,
  beforeLoad: ({ search }) => {
    throw redirect({ to: '/nodes', search })
  },
})

const node = createRoute({
  getParentRoute: () => root,
  path: '/nodes/$node',
  component: lazyRouteComponent(() => import('./node/node-page.tsx'), 'NodePage'),
})

const rollouts = createRoute({
  getParentRoute: () => root,
  path: '/rollouts',
  component: lazyRouteComponent(() => import('./rollouts/rollouts-page.tsx'), 'RolloutsPage'),
})

const rollout = createRoute({
  getParentRoute: () => root,
  path: '/rollouts/$rollout',
  component: lazyRouteComponent(() => import('./rollouts/rollout-page.tsx'), 'RolloutPage'),
})

const images = createRoute({
  getParentRoute: () => root,
  path: '/images',
  component: lazyRouteComponent(() => import('./images/images-page.tsx'), 'ImagesPage'),
})

const boot = createRoute({
  getParentRoute: () => root,
  path: '/images/$image/boot',
  validateSearch: bootSearch,
  component: lazyRouteComponent(() => import('./boot/boot-page.tsx'), 'BootPage'),
})

const diffs = createRoute({
  getParentRoute: () => root,
  path: '/diffs',
  beforeLoad: () => {
    throw redirect({ to: '/images' })
  },
})

const review = createRoute({
  getParentRoute: () => root,
  path: '/diffs/$digest',
  validateSearch: reviewSearch,
  component: lazyRouteComponent(() => import('./review/review-page.tsx'), 'ReviewPage'),
})

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: querySearch,
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
})

/** Makes the router; one per page load. */
export function makeRouter() {
  return createRouter({
    routeTree: root.addChildren([home, fleet, fleetName, node, rollouts, rollout, images, boot, diffs, review, audit]),
    parseSearch,
    stringifySearch,
    // Digests keep their form, `/diffs/sha256:…`, as the API and the command line write it.
    pathParamsAllowedCharacters: [':'],
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultPendingComponent: () => <Loading what="the view" />,
    defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
