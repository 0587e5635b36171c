import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, digestOf, hexOf } from '@holotype/base'

/** Characters of the digest in a kept folder's name. */
const SHOWN = 16

/**
 * A folder that a later run finds again, named by all that it was made from. Made beside its place, so that one that was interrupted is made anew; what was made of
 * something else goes. Gives its path.
 */
export async function keep(
  work: string,
  { name, from }: { readonly name: string; readonly from: unknown },
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const parent = join(work, 'kept')
  mkdirSync(parent, { recursive: true })
  const wanted = `${name}-${hexOf(digestOf(canonicalJson(from))).slice(0, SHOWN)}`
  const others = readdirSync(parent).filter((other) => other.startsWith(`${name}-`) && other !== wanted)
  for (const other of others) rmSync(join(parent, other), { recursive: true, force: true })
  const place = join(parent, wanted)
  if (readdirSync(parent).includes(wanted)) return place
  const making = join(parent, `${name}-making`)
  mkdirSync(making)
  await make(making)
  renameSync(making, place)
  return place
}
