import { type Digest, isErrorCode } from '@holotype/base'
import { authorsBetween, commitOf, type Distribution } from '@holotype/distribution'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import type { Context } from '../context.ts'

const compositionSchema = z.strictObject({ actors: z.array(z.string()), commit: z.string().nullable() })
type Composition = z.infer<typeof compositionSchema>

/** Writes down who composed an image, and from which commit it was composed last. */
export async function noteComposition(
  { actor }: Pick<Context, 'actor'>,
  store: Store,
  { image, distribution }: { readonly image: Digest; readonly distribution: Pick<Distribution, 'directory'> },
): Promise<void> {
  const actors = new Set([...(compositionOf(store, image)?.actors ?? []), actor])
  const composition: Composition = { actors: [...actors].sort(), commit: (await headOf(distribution)) ?? null }
  store.remember(key(image), JSON.stringify(composition))
}

/**
 * Who made the difference between two images, as far as this state directory knows: who composed the second, and who wrote the commits between the two. An
 * address that `access/people.yaml` knows stands for its person.
 * @throws PROCESS_NOT_FOUND
 */
export async function authorsOf(
  distribution: Pick<Distribution, 'directory' | 'people'>,
  store: Store,
  images: { readonly from: Digest; readonly to: Digest },
): Promise<readonly string[]> {
  const [from, to] = [compositionOf(store, images.from), compositionOf(store, images.to)]
  const commits = to?.commit ? { from: from?.commit ?? undefined, to: to.commit } : undefined
  const addresses = commits ? await authorsBetween(distribution.directory, commits) : []
  const persons = addresses.map((address) => personOf(distribution, address))
  return [...new Set([...(to?.actors ?? []), ...persons])].sort()
}

function compositionOf(store: Store, image: Digest): Composition | undefined {
  const note = store.recall(key(image))
  return note === undefined ? undefined : compositionSchema.parse(JSON.parse(note))
}

const key = (image: Digest) => `composed/${image.slice('sha256:'.length)}`

/** Addresses differ in case alone nowhere (RFC 5321 §2.4 lets them, and nobody does). */
function personOf({ people }: Pick<Distribution, 'people'>, address: string): string {
  const plain = address.toLowerCase()
  for (const [person, { email }] of people) if (email.some((one) => one.toLowerCase() === plain)) return person
  return plain
}

async function headOf({ directory }: Pick<Distribution, 'directory'>): Promise<string | undefined> {
  try {
    return (await commitOf(directory)).commit
  } catch (error) {
    if (isErrorCode(error, 'DISTRIBUTION_NOT_GIT')) return undefined
    throw error
  }
}
