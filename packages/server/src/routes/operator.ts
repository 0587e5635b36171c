import { z } from 'zod'
import {
  diffRequestSchema,
  imageRequestSchema,
  reviewerRequestSchema,
  statementRequestSchema,
  statementResponseSchema,
  tokenRequestSchema,
  tokenResponseSchema,
} from '../api.ts'
import type { Context } from '../core/context.ts'
import { registerDiff } from '../core/diffs.ts'
import { createToken } from '../core/enrolment.ts'
import { registerImage } from '../core/images.ts'
import { createReviewerToken } from '../core/reviewers.ts'
import { recordStatement } from '../core/statements.ts'
import type { App } from '../http/app.ts'
import { DIFF_BYTES, OPERATOR_BYTES } from '../limits.ts'

const described = { tags: ['operator'], security: [{ operator: [] }] }

/** What the operator writes. Each is a decision and stands in the audit log. */
export async function operatorRoutes(app: App, context: Context): Promise<void> {
  app.post('/tokens', {
    bodyLimit: OPERATOR_BYTES,
    schema: {
      ...described,
      summary: 'Make a one-time enrolment token',
      body: tokenRequestSchema,
      response: { 201: tokenResponseSchema },
    },
    handler: async (request, reply) => {
      const { token, expires } = await createToken(context, request.body)
      return reply.code(201).header('cache-control', 'no-store').send({ token, expires: expires.toISOString() })
    },
  })

  app.post('/images', {
    bodyLimit: OPERATOR_BYTES,
    schema: { ...described, summary: 'Make an image known', body: imageRequestSchema, response: { 204: z.null() } },
    handler: async (request, reply) => {
      await registerImage(context, request.body)
      return reply.code(204).send(null)
    },
  })

  app.post('/diffs', {
    bodyLimit: DIFF_BYTES,
    schema: {
      ...described,
      summary: 'Register a diff for review',
      body: diffRequestSchema,
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      await registerDiff(context, request.body)
      return reply.code(204).send(null)
    },
  })

  app.post('/reviewers', {
    bodyLimit: OPERATOR_BYTES,
    schema: {
      ...described,
      summary: 'Make a token of a reviewer’s own',
      body: reviewerRequestSchema,
      response: { 201: tokenResponseSchema },
    },
    handler: async (request, reply) => {
      const { token, expires } = await createReviewerToken(context, request.body)
      return reply.code(201).header('cache-control', 'no-store').send({ token, expires: expires.toISOString() })
    },
  })

  app.post('/statements', {
    bodyLimit: OPERATOR_BYTES,
    schema: {
      ...described,
      summary: 'Record a channel statement that was signed and published',
      body: statementRequestSchema,
      response: { 201: statementResponseSchema },
    },
    handler: async (request, reply) => reply.code(201).send(await recordStatement(context, request.body)),
  })
}
