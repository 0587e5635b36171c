import { sql } from 'kysely'
import type { Context } from '../core/context.ts'
import type { App } from '../http/app.ts'
import type { Logins } from '../http/operator-login.ts'

/** For who runs the server: whether it works, and its metrics. */
export async function serviceRoutes(app: App, { db, metrics }: Context, login: Logins): Promise<void> {
  app.get('/healthz', { schema: { hide: true } }, async (_request, reply) => {
    await sql`select 1`.execute(db)
    return reply.type('text/plain').send('ok\n')
  })
  app.get('/metrics', { schema: { hide: true }, onRequest: login.read }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}
