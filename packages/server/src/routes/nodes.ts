import { z } from 'zod'
import {
  checkinRequestSchema,
  checkinResponseSchema,
  digestSchema,
  enrolRequestSchema,
  enrolResponseSchema,
  runRequestSchema,
} from '../api.ts'
import { checkin } from '../core/checkin.ts'
import type { Context } from '../core/context.ts'
import { enrol } from '../core/enrolment.ts'
import { storeRun } from '../core/runs.ts'
import { storeSet } from '../core/sets.ts'
import { fail } from '../errors.ts'
import type { App } from '../http/app.ts'
import { nodesOnly } from '../http/node-login.ts'
import { CHECKIN_BYTES, ENROL_BYTES, RUN_BYTES, SET_BYTES } from '../limits.ts'

/** What nodes send. Enrolment carries its token; everything else is signed. */
export async function nodeRoutes(app: App, context: Context): Promise<void> {
  app.post('/nodes/enrol', {
    bodyLimit: ENROL_BYTES,
    schema: {
      tags: ['nodes'],
      summary: 'Enrol a node by a one-time token',
      body: enrolRequestSchema,
      response: { 200: enrolResponseSchema },
    },
    handler: async (request) => {
      const answer = await enrol(context, request.body)
      return { ...answer, labels: { ...answer.labels } }
    },
  })

  await app.register(async (scope: App) => {
    const identityOf = nodesOnly(scope, context)

    scope.post('/checkin', {
      bodyLimit: CHECKIN_BYTES,
      schema: {
        tags: ['nodes'],
        summary: 'A node’s state',
        security: [{ node: [] }],
        body: checkinRequestSchema,
        response: { 200: checkinResponseSchema },
      },
      handler: (request) => checkin(context, identityOf(request), request.body),
    })

    scope.put('/sets/:digest', {
      bodyLimit: SET_BYTES,
      schema: {
        tags: ['nodes'],
        summary: 'An installed set, as canonical JSON whose digest the address is',
        security: [{ node: [] }],
        params: z.object({ digest: digestSchema }),
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        identityOf(request)
        if (!Buffer.isBuffer(request.body)) throw fail('REQUEST_INVALID', { what: 'the set has no body' })
        await storeSet(context, request.params.digest, request.body)
        return reply.code(204).send(null)
      },
    })

    scope.post('/runs', {
      bodyLimit: RUN_BYTES,
      schema: {
        tags: ['nodes'],
        summary: 'What one sync did; idempotent by its id',
        security: [{ node: [] }],
        body: runRequestSchema,
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        await storeRun(context, identityOf(request), request.body)
        return reply.code(204).send(null)
      },
    })
  })
}
