import { mkdir, realpath } from 'node:fs/promises'
import fastifySwagger from '@fastify/swagger'
import { cleanText, silent } from '@holotype/base'
import Fastify from 'fastify'
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { makeChanges } from './core/changes.ts'
import type { Context } from './core/context.ts'
import { makeMetrics } from './core/metrics.ts'
import { reviewerOf } from './core/reviewers.ts'
import { openDatabase } from './database/open.ts'
import { fail } from './errors.ts'
import type { App } from './http/app.ts'
import { logins, requireStrongToken } from './http/operator-login.ts'
import { answerProblem } from './http/problems.ts'
import { addSecurityHeaders } from './http/security-headers.ts'
import { serveConsole, serveSite } from './http/static-files.ts'
import { REQUEST_TIMEOUT_MS } from './limits.ts'
import type { RunningServer, ServerOptions } from './options.ts'
import { nodeRoutes } from './routes/nodes.ts'
import { operatorRoutes } from './routes/operator.ts'
import { readRoutes } from './routes/reads.ts'
import { reviewRoutes } from './routes/reviews.ts'
import { serviceRoutes } from './routes/service.ts'

export type { RunningServer, ServerLog, ServerOptions } from './options.ts'

/**
 * Starts a server: the database (embedded unless a URL is given), its migrations, the API below `/api/v1`, the site below `/site/`, the
 * console below `/`. It listens when the promise settles.
 * @throws OPERATOR_TOKEN_WEAK, LISTEN_FAILED, DATABASE_MISSING, DATABASE_ACCOUNT, DATABASE_IN_USE, DATABASE_FAILED, DATABASE_UNREACHABLE,
 * DATABASE_TOO_OLD, MIGRATION_MISMATCH
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  // Before anything is started: a server without a good token must leave nothing behind.
  requireStrongToken(options.operatorToken)
  await mkdir(options.stateDirectory, { recursive: true })
  await mkdir(options.siteDirectory, { recursive: true })
  const app: App = makeApp(options)
  const database = await openDatabase({ ...options, progress: options.progress ?? silent, log: app.log })
  const close = async () => {
    await app.close()
    await database.close()
  }
  try {
    const changes = makeChanges()
    const now = options.now ?? Date.now
    await addRoutes(app, options, {
      db: database.db,
      now: () => new Date(now()),
      changes,
      metrics: makeMetrics(changes.listeners),
      distribution: options.distribution,
      reviewPolicy: options.reviewPolicy,
      siteDirectory: await realpath(options.siteDirectory),
    })
    const port = await listen(app, options)
    const { host } = options
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
    return { url, host, port, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function makeApp({ log }: ServerOptions): App {
  return Fastify({
    logger: log
      ? { level: log.level, stream: { write: (text) => log.write(text.trimEnd()) }, serializers: { err: errorFacts } }
      : false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Event streams and idle connections must not hold up the end.
    forceCloseConnections: true,
    // A caller's own id could put anything into our log.
    requestIdHeader: false,
    genReqId: () => crypto.randomUUID(),
    return503OnClosing: true,
    routerOptions: { maxParamLength: 255 },
  }).withTypeProvider<ZodTypeProvider>()
}

/** Of an error what helps, and not every member it has: a database's error may hold the connection with its password. */
function errorFacts(error: Error): { type: string; message: string; stack: string } {
  return { type: error.name, message: cleanText(error.message), stack: cleanText(error.stack ?? '') }
}

async function addRoutes(app: App, options: ServerOptions, context: Context): Promise<void> {
  const login = logins({
    token: options.operatorToken,
    host: options.host,
    reviewerOf: (secret) => reviewerOf(context, secret),
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply))
  // JSON alone: what is not announced as such is refused.
  app.removeContentTypeParser('text/plain')
  addSecurityHeaders(app)
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    context.metrics.requestSeconds.observe(
      { method: request.method, route, status: reply.statusCode },
      reply.elapsedTime / 1000,
    )
  })
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Holotype', description: `The API of ${options.distribution}`, version: '1' },
      components: {
        securitySchemes: {
          operator: { type: 'http', scheme: 'bearer' },
          reviewer: { type: 'http', scheme: 'bearer', description: 'The operator’s token, or a person’s own' },
          node: { type: 'http', scheme: 'Holotype-Node', description: 'An Ed25519 signature by the node’s own key' },
        },
      },
    },
    transform: jsonSchemaTransform,
  })
  await app.register(
    async (api: App) => {
      await api.register(async (scope: App) => {
        scope.addHook('onRequest', login.read)
        await readRoutes(scope, context)
        scope.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
      })
      await api.register(async (scope: App) => {
        scope.addHook('onRequest', login.write)
        await operatorRoutes(scope, context)
      })
      await api.register(async (scope: App) => {
        scope.addHook('onRequest', login.review)
        await reviewRoutes(scope, context, login.reviewer)
      })
      await api.register((scope: App) => nodeRoutes(scope, context))
    },
    { prefix: '/api/v1' },
  )
  await serviceRoutes(app, context, login)
  await serveSite(app, context.siteDirectory)
  await serveConsole(app, options.consoleDirectory)
}

async function listen(app: App, { host, port }: ServerOptions): Promise<number> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw fail('LISTEN_FAILED', { what: `cannot listen on ${host} port ${port}`, cause: error })
  }
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}
