import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import {
  approvalRequestSchema,
  approvalSchema,
  commentRequestSchema,
  commentSchema,
  digestSchema,
  reviewedRequestSchema,
} from '../api.ts'
import type { Context } from '../core/context.ts'
import { addComment, giveVerdict, speakerOf, tick } from '../core/reviews.ts'
import type { App } from '../http/app.ts'
import { OPERATOR_BYTES } from '../limits.ts'

const described = { tags: ['reviews'], security: [{ reviewer: [] }], params: z.object({ digest: digestSchema }) }

/** What reviewers say of a diff: `reviewer` tells whose own token a request came with. */
export async function reviewRoutes(
  app: App,
  context: Context,
  reviewer: (request: FastifyRequest) => string | undefined,
): Promise<void> {
  app.post('/diffs/:digest/approvals', {
    bodyLimit: OPERATOR_BYTES,
    schema: {
      ...described,
      summary: 'Approve or reject a diff',
      body: approvalRequestSchema,
      response: { 201: approvalSchema },
    },
    handler: async (request, reply) => {
      const { body, params } = request
      const verdict = { ...body, diff: params.digest }
      return reply.code(201).send(await giveVerdict(context, speakerOf(reviewer(request), body.actor), verdict))
    },
  })

  app.post('/diffs/:digest/comments', {
    bodyLimit: OPERATOR_BYTES,
    schema: {
      ...described,
      summary: 'Comment on an item of a diff',
      body: commentRequestSchema,
      response: { 201: commentSchema },
    },
    handler: async (request, reply) => {
      const { body, params } = request
      const comment = { ...body, diff: params.digest }
      return reply.code(201).send(await addComment(context, speakerOf(reviewer(request), body.actor), comment))
    },
  })

  app.post('/diffs/:digest/reviewed', {
    bodyLimit: OPERATOR_BYTES,
    schema: {
      ...described,
      summary: 'Set or take away one’s ticks on items of a diff',
      body: reviewedRequestSchema,
      response: { 204: z.null() },
    },
    handler: async (request, reply) => {
      const { body, params } = request
      await tick(context, speakerOf(reviewer(request), body.actor), { ...body, diff: params.digest })
      return reply.code(204).send(null)
    },
  })
}
