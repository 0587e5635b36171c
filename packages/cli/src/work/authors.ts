import type { Digest } from '@holotype/base'
import { authorsSince, commitOf, type Distribution } from '@holotype/distribution'
import { isErrorCode } from '@holotype/base'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import type { Context } from '../context.ts'

const namesSchema = z.array(z.string())

/**
 * Writes down who made an image: who composed it, and who wrote the commits since the image of this name that was composed before. An address
 * that `access/people.yaml` knows stands for its person.
 */
export async function noteAuthors(
  context: Context,
  store: Store,
  made: { readonly name: string; readonly image: Digest; readonly distribution: Distribution },
): Promise<void> {
  const { distribution, name, image } = made
  const commit = await headOf(distribution)
  const before = store.recall(`composed-at/${name}`)
  const addresses = commit === undefined ? [] : await authorsSince(distribution.directory, before)
  const persons = addresses.map((address) => personOf(distribution, address))
  store.remember(
    key(image),
    JSON.stringify([...new Set([...authorsOf(store, image), context.actor, ...persons])].sort()),
  )
  if (commit !== undefined) store.remember(`composed-at/${name}`, commit)
}

/** Who made an image, as far as this state directory knows. */
export function authorsOf(store: Store, image: Digest): readonly string[] {
  const note = store.recall(key(image))
  return note === undefined ? [] : namesSchema.parse(JSON.parse(note))
}

const key = (image: Digest) => `authors/${image.slice('sha256:'.length)}`

function personOf({ people }: Distribution, address: string): string {
  for (const [person, { email }] of people) if (email.includes(address)) return person
  return address
}

async function headOf({ directory }: Distribution): Promise<string | undefined> {
  try {
    return (await commitOf(directory)).commit
  } catch (error) {
    if (isErrorCode(error, 'DISTRIBUTION_NOT_GIT')) return undefined
    throw error
  }
}
