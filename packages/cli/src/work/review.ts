import { canonicalJson, type Digest } from '@holotype/base'
import { bootChart, readManifest } from '@holotype/image'
import { type Boot, bootSchema, packageSetSchema } from '@holotype/server/api'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import type { Context } from '../context.ts'
import { authorsOf } from './authors.ts'

const anything = z.unknown()

/** Makes an image known to the server, with the package set that nodes on it are compared with. */
export async function registerImage(api: ApiClient, store: Store, image: Digest): Promise<void> {
  const { name, stats, packages, boot } = readManifest(store, image)
  const set = packageSetSchema.parse(store.readJson(packages))
  await api.post(
    'images',
    {
      image,
      name,
      files: stats.files,
      bytes: stats.bytes,
      packages: set,
      ...(boot === undefined ? {} : chartOf(store.readJson(boot))),
    },
    anything,
  )
}

/** What starts at boot. It is for looking at: one that is larger than the server takes does not keep an image from being registered. */
function chartOf(frozen: unknown): { readonly boot?: Boot } {
  const order = bootSchema.shape.order.safeParse(frozen).data
  const boot = order === undefined ? undefined : bootSchema.safeParse(bootChart(order)).data
  return boot === undefined ? {} : { boot }
}

/** Hands a diff to the server for review, with the images on both sides of it, and who made it. */
export async function registerDiff(
  context: Context,
  store: Store,
  diff: { readonly digest: Digest; readonly from: Digest; readonly to: Digest },
): Promise<void> {
  const api = await context.api()
  await registerImage(api, store, diff.from)
  await registerImage(api, store, diff.to)
  const body = canonicalJson(store.readJson(diff.digest))
  const authors = await authorsOf(await context.distribution(), store, diff)
  await api.post('diffs', { digest: diff.digest, body, authors }, anything)
}

const hazardsSchema = z.object({ hazards: z.array(z.object({ id: z.string() })).default([]) })

/** The ids of a diff's hazards: what approvals must name. */
export function hazardsOf(store: Store, diff: Digest): string[] {
  return hazardsSchema.parse(store.readJson(diff)).hazards.map(({ id }) => id)
}
