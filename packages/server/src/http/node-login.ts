import { type NodeAuthorization, parseNodeAuthorization, verifyNodeAuthorization } from '@holotype/agent'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../core/context.ts'
import type { NodeIdentity } from '../core/checkin.ts'
import { fail } from '../errors.ts'
import { NODE_AUTHORIZATION_CHARACTERS, NODE_KEY_SECONDS, NODE_KEYS, SIGNATURE_SKEW_SECONDS } from '../limits.ts'
import type { App } from './app.ts'

/** Who sent a request of this scope; throws if the scope's hooks have not run. */
export type IdentityOf = (request: FastifyRequest) => NodeIdentity

/**
 * Makes a scope one for nodes: bodies arrive as bytes, and are parsed only after the signature over them (agent/src/protocol.ts) was
 * verified. The header's form, its time and its node are judged before the body is read at all.
 * Hooks throw NODE_SIGNATURE, NODE_CLOCK, REQUEST_INVALID.
 */
export function nodesOnly(scope: App, { db, now }: Pick<Context, 'db' | 'now'>): IdentityOf {
  const keyOf = rememberedKeys(async (node) => {
    const row = await db.selectFrom('nodes').select('public_key').where('node', '=', node).executeTakeFirst()
    return row?.public_key.toString('base64')
  })
  const claims = new WeakMap<
    FastifyRequest,
    { readonly authorization: NodeAuthorization; readonly publicKey: string }
  >()
  const identities = new WeakMap<FastifyRequest, NodeIdentity>()

  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  scope.addHook('onRequest', async (request) => {
    const header = request.headers.authorization ?? ''
    const authorization = header.length <= NODE_AUTHORIZATION_CHARACTERS ? parseNodeAuthorization(header) : undefined
    if (!authorization) throw fail('NODE_SIGNATURE', { what: 'the request is not signed by a node' })
    const skew = Math.abs(now().getTime() / 1000 - authorization.time)
    if (skew > SIGNATURE_SKEW_SECONDS)
      throw fail('NODE_CLOCK', { what: `the request was signed ${Math.round(skew)} s from the server's time` })
    const publicKey = await keyOf(authorization.node)
    // An unknown node and a wrong key look the same from outside.
    if (publicKey === undefined) throw wrongSignature()
    claims.set(request, { authorization, publicKey })
  })

  scope.addHook('preValidation', async (request) => {
    const claim = claims.get(request)
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const signed = { method: request.method, path: request.raw.url ?? '', body }
    if (!claim || !verifyNodeAuthorization(signed, claim.authorization, claim.publicKey)) throw wrongSignature()
    identities.set(request, { node: claim.authorization.node, time: claim.authorization.time })
    if (request.routeOptions.schema?.body !== undefined) request.body = parseJson(body)
  })

  return (request) => {
    const identity = identities.get(request)
    if (!identity) throw wrongSignature()
    return identity
  }
}

function wrongSignature() {
  return fail('NODE_SIGNATURE', { what: 'the signature is not one of a node that is enrolled' })
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    throw fail('REQUEST_INVALID', { what: 'the body is not JSON', cause: error })
  }
}

/** Remembers keys for a while, a bounded number of them; the oldest go first. */
function rememberedKeys(
  read: (node: string) => Promise<string | undefined>,
): (node: string) => Promise<string | undefined> {
  const keys = new Map<string, { readonly key: string; readonly until: number }>()
  return async (node) => {
    const known = keys.get(node)
    if (known && known.until > performance.now()) return known.key
    const key = await read(node)
    keys.delete(node)
    if (key === undefined) return undefined
    keys.set(node, { key, until: performance.now() + NODE_KEY_SECONDS * 1000 })
    for (const oldest of keys.keys()) {
      if (keys.size <= NODE_KEYS) break
      keys.delete(oldest)
    }
    return key
  }
}
