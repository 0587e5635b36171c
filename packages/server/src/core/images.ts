import { setDigest, setText } from '@holotype/audit'
import type { Digest } from '@holotype/base'
import type { z } from 'zod'
import type { ImageSummary, imageRequestSchema } from '../api.ts'
import { fail } from '../errors.ts'
import type { Context, Queries } from './context.ts'
import { OPERATOR, recordDecision } from './decision.ts'
import { judgeNewPairs } from './findings.ts'

/**
 * Makes an image known, with the packages that are the baseline of its nodes. Idempotent.
 * @throws IMAGE_CONFLICT
 */
export async function registerImage(context: Context, request: z.output<typeof imageRequestSchema>): Promise<void> {
  const { db, now, changes } = context
  const set_digest = setDigest(request.packages)
  const time = now()
  const isNew = await db.transaction().execute(async (transaction) => {
    const stored = await transaction
      .insertInto('images')
      .values({
        image: request.image,
        name: request.name,
        files: request.files,
        bytes: request.bytes,
        packages: setText(request.packages),
        set_digest,
        registered_at: time,
        boot: bootText(request),
      })
      .onConflict((conflict) => conflict.column('image').doNothing())
      .returning('image')
      .executeTakeFirst()
    if (!stored) {
      const before = await transaction
        .selectFrom('images')
        .select(['name', 'set_digest'])
        .where('image', '=', request.image)
        .executeTakeFirst()
      if (before?.name === request.name && before.set_digest === set_digest) {
        await addBoot(transaction, request)
        return false
      }
      throw fail('IMAGE_CONFLICT', { what: `the image ${request.image} is registered as ${before?.name}, otherwise` })
    }
    await recordDecision(transaction, {
      time,
      actor: OPERATOR,
      action: 'image.register',
      subject: request.image,
      reason: `${request.name}, ${request.packages.length} packages`,
    })
    return true
  })
  await judgeNewPairs(context, { image: request.image })
  if (isNew) changes.announce('images', 'audit')
}

/** An image that was registered without it. The digest stands for one order: what is there stays. */
async function addBoot(db: Queries, request: z.output<typeof imageRequestSchema>): Promise<void> {
  const boot = bootText(request)
  if (boot === null) return
  await db.updateTable('images').set({ boot }).where('image', '=', request.image).where('boot', 'is', null).execute()
}

function bootText({ boot }: z.output<typeof imageRequestSchema>): string | null {
  return boot === undefined ? null : JSON.stringify(boot)
}

/** What starts when an image boots, as JSON text: `null` where nothing does, or nothing was said. @throws IMAGE_UNKNOWN */
export async function imageBoot(db: Queries, digest: Digest): Promise<string> {
  const image = await db.selectFrom('images').select('boot').where('image', '=', digest).executeTakeFirst()
  if (!image) throw fail('IMAGE_UNKNOWN', { what: `no image ${digest} is registered` })
  return image.boot ?? 'null'
}

/** Every registered image, newest first. */
export async function listImages(db: Queries): Promise<ImageSummary[]> {
  const rows = await db
    .selectFrom('images')
    .select(({ fn }) => [
      'image',
      'name',
      'files',
      'bytes',
      'registered_at',
      fn<number>('jsonb_array_length', ['packages']).as('packages'),
    ])
    .orderBy('registered_at', 'desc')
    .orderBy('image')
    .execute()
  return rows.map(({ registered_at, ...image }) => ({ ...image, registered: registered_at.toISOString() }))
}

/** The names of all registered images, by digest. */
export async function imageNames(db: Queries): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom('images').select(['image', 'name']).execute()
  return new Map(rows.map(({ image, name }) => [image, name]))
}
