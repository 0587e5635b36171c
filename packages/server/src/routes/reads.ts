import { z } from 'zod'
import {
  auditSchema,
  diffSummarySchema,
  digestSchema,
  imageSummarySchema,
  nodeDetailSchema,
  nodeSummarySchema,
  rolloutSchema,
  statusSchema,
} from '../api.ts'
import { listDecisions } from '../core/audit-log.ts'
import type { Context } from '../core/context.ts'
import { diffDetail, listDiffs } from '../core/diffs.ts'
import { imageBoot, listImages } from '../core/images.ts'
import { listNodes, nodeDetail } from '../core/nodes.ts'
import { listRollouts, rolloutDetail } from '../core/rollouts.ts'
import { sharedView } from '../core/shared-view.ts'
import { readStatus } from '../core/status.ts'
import type { App } from '../http/app.ts'
import { streamChanges } from '../http/events.ts'

const described = { tags: ['reads'], security: [{ operator: [] }] }

/** What people and programs look at. */
export async function readRoutes(app: App, context: Context): Promise<void> {
  const { db, changes } = context
  const status = sharedView(changes, () => readStatus(context))
  const nodes = sharedView(changes, () => listNodes(db))
  const rollouts = sharedView(changes, () => listRollouts(context))

  app.get('/status', {
    schema: { ...described, summary: 'The first page', response: { 200: statusSchema } },
    handler: () => status(),
  })
  app.get('/nodes', {
    schema: { ...described, summary: 'Every node', response: { 200: z.array(nodeSummarySchema) } },
    handler: () => nodes(),
  })
  app.get('/rollouts', {
    schema: { ...described, summary: 'The newest rollouts', response: { 200: z.array(rolloutSchema) } },
    handler: () => rollouts(),
  })
  app.get('/images', {
    schema: { ...described, summary: 'Every image', response: { 200: z.array(imageSummarySchema) } },
    handler: () => listImages(db),
  })
  app.get('/diffs', {
    schema: { ...described, summary: 'The newest diffs', response: { 200: z.array(diffSummarySchema) } },
    handler: () => listDiffs(context),
  })
  app.get('/audit', {
    schema: { ...described, summary: 'The newest decisions', response: { 200: z.array(auditSchema) } },
    handler: () => listDecisions(db),
  })

  app.get('/nodes/:node', {
    schema: {
      ...described,
      summary: 'One node, by its id or its name',
      params: z.object({ node: z.string().max(255) }),
      response: { 200: nodeDetailSchema },
    },
    handler: (request) => nodeDetail(db, request.params.node),
  })

  app.get('/rollouts/:rollout', {
    schema: {
      ...described,
      summary: 'One rollout',
      params: z.object({ rollout: z.string().max(128) }),
      response: { 200: rolloutSchema },
    },
    handler: (request) => rolloutDetail(context, request.params.rollout),
  })

  app.get('/images/:image/boot', {
    schema: {
      ...described,
      summary:
        'What starts when an image boots, in which order and why; null where nothing does, or its registration did not say',
      params: z.object({ image: digestSchema }),
    },
    // JSON text as it was checked when it was registered.
    handler: async (request, reply) =>
      reply.type('application/json; charset=utf-8').send(await imageBoot(db, request.params.image)),
  })

  app.get('/diffs/:digest', {
    schema: {
      ...described,
      summary:
        'One diff as registered (ImageDiff), and what was said of it: `{ diff, authors, policy, review, approvals, comments, reviewed }`',
      params: z.object({ digest: digestSchema }),
    },
    // JSON text as it is: a large diff is not parsed, checked and printed once more.
    handler: async (request, reply) =>
      reply.type('application/json; charset=utf-8').send(await diffDetail(context, request.params.digest)),
  })

  app.get('/events', {
    schema: { ...described, summary: 'Ticks when something changed (server-sent events)' },
    handler: (_request, reply) => streamChanges(changes, reply),
  })
}
