import { createPublicKey, hash, randomBytes, randomUUID } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, errnoOf, isErrorCode } from '@holotype/base'
import { type EnrolmentToken, type EnrolResponse, formatEnrolmentToken, parseEnrolmentToken } from '@holotype/agent'
import type { z } from 'zod'
import type { enrolRequestSchema, tokenRequestSchema } from '../api.ts'
import { fail } from '../errors.ts'
import { ROOT_METADATA_BYTES } from '../limits.ts'
import type { Context } from './context.ts'
import { OPERATOR, recordDecision } from './decision.ts'

/**
 * Makes a one-time enrolment token. It carries version and digest of the site's newest root file, which the node pins. Of the
 * secret only its SHA-256 is kept.
 * @throws SITE_NOT_READY
 */
export async function createToken(
  { db, now, siteDirectory, changes }: Context,
  request: z.output<typeof tokenRequestSchema>,
): Promise<{ readonly token: string; readonly expires: Date }> {
  const newest = await newestRoot(siteDirectory)
  const secret = randomBytes(24).toString('base64url')
  const time = now()
  const expires = new Date(time.getTime() + request.validFor * 1000)
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('enrol_tokens')
      .values({
        secret_sha256: sha256(secret),
        name: request.name,
        channel: request.channel,
        labels: JSON.stringify(request.labels),
        created_at: time,
        expires_at: expires,
        used_at: null,
        node: null,
      })
      .execute()
    await recordDecision(transaction, {
      time,
      actor: OPERATOR,
      action: 'token.create',
      subject: request.name,
      reason: `a node for the channel ${request.channel}`,
    })
  })
  changes.announce('audit')
  return { token: formatEnrolmentToken({ secret, ...newest }), expires }
}

/**
 * Enrols a node by its token, exactly once: the token is taken and the node made in one transaction. The same request again, by the same
 * key, gets the same answer, so that a lost answer does not lose the token.
 * @throws TOKEN_REFUSED, NODE_ENROLLED, REQUEST_INVALID
 */
export async function enrol(
  { db, now, changes }: Context,
  request: z.output<typeof enrolRequestSchema>,
): Promise<EnrolResponse> {
  const secret_sha256 = sha256(secretOf(request.token))
  const publicKey = readPublicKey(request.publicKey)
  const time = now()
  const answer = await db.transaction().execute(async (transaction) => {
    const token = await transaction
      .updateTable('enrol_tokens')
      .set({ used_at: time })
      .where('secret_sha256', '=', secret_sha256)
      .where('used_at', 'is', null)
      .where('expires_at', '>', time)
      .returning(['name', 'channel', 'labels'])
      .executeTakeFirst()
    if (!token) {
      const before = await transaction
        .selectFrom('enrol_tokens')
        .innerJoin('nodes', 'nodes.node', 'enrol_tokens.node')
        .where('secret_sha256', '=', secret_sha256)
        .where('nodes.public_key', '=', publicKey)
        .select(['nodes.node', 'nodes.name', 'nodes.channel', 'nodes.labels'])
        .executeTakeFirst()
      if (before) return before
      throw fail('TOKEN_REFUSED', { what: 'the enrolment token is unknown, expired or used' })
    }
    const node = randomUUID()
    const made = await transaction
      .insertInto('nodes')
      .values({
        node,
        name: token.name,
        channel: token.channel,
        labels: JSON.stringify(token.labels),
        public_key: publicKey,
        hostname: request.hostname,
        enrolled_at: time,
      })
      .onConflict((conflict) => conflict.column('public_key').doNothing())
      .returning('node')
      .executeTakeFirst()
    if (!made) throw fail('NODE_ENROLLED', { what: 'a node with this key is enrolled already' })
    await transaction.updateTable('enrol_tokens').set({ node }).where('secret_sha256', '=', secret_sha256).execute()
    await recordDecision(transaction, {
      time,
      actor: `node:${node}`,
      action: 'node.enrol',
      subject: node,
      reason: `${token.name} joined the channel ${token.channel}`,
    })
    return { node, ...token }
  })
  changes.announce('nodes', 'audit')
  return answer
}

function secretOf(token: string): string {
  if (!token.startsWith('ht1.')) return token
  try {
    return parseEnrolmentToken(token).secret
  } catch (error) {
    if (isErrorCode(error, 'AGENT_TOKEN_MALFORMED'))
      throw fail('TOKEN_REFUSED', {
        what: 'the enrolment token is not of the form ht1.SECRET.ROOT-VERSION.ROOT-DIGEST',
      })
    throw error
  }
}

/** The key's own DER form, whatever the sender's base64 looked like: one key, one row. */
function readPublicKey(text: string): Buffer {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType === 'ed25519') return key.export({ format: 'der', type: 'spki' })
  } catch {
    // Said below: what OpenSSL has to say of hostile bytes helps nobody.
  }
  throw fail('REQUEST_INVALID', { what: 'publicKey is not an Ed25519 key (SPKI, base64)' })
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/** The newest root file that the site has: a publisher writes none before all that it rests on is there. */
async function newestRoot(siteDirectory: string): Promise<Pick<EnrolmentToken, 'version' | 'root'>> {
  const directory = join(siteDirectory, 'trust')
  const versions = (await namesIn(directory)).map((name) => Number(ROOT_FILE.exec(name)?.[1] ?? 0))
  const version = Math.max(0, ...versions)
  if (version === 0) throw fail('SITE_NOT_READY', { what: `${directory} has no root file yet` })
  const path = join(directory, `${version}.root.json`)
  await using file = await open(path)
  const { size } = await file.stat()
  if (size > ROOT_METADATA_BYTES) throw fail('SITE_NOT_READY', { what: `${path} is larger than root metadata may be` })
  return { version, root: digestOf(await file.readFile()) }
}

const ROOT_FILE = /^([1-9][0-9]{0,14})\.root\.json$/

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
