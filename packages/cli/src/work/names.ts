import { type Digest, isDigest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'

/** What this state directory made, by name: a list of digests per name, the newest last. */
type Kind = 'images' | 'diffs'

/** Puts a digest at the end of a name's list. */
export function addName(store: Store, kind: Kind, made: { readonly name: string; readonly digest: Digest }): void {
  const others = namesOf(store, kind, made.name).filter((digest) => digest !== made.digest)
  store.remember(`${kind}/${made.name}`, [...others, made.digest].join('\n'))
}

/** Takes out of a name's list what does not stay. */
export function keepNames(
  store: Store,
  kind: Kind,
  { name, stays }: { readonly name: string; readonly stays: (digest: Digest) => boolean },
): void {
  const before = namesOf(store, kind, name)
  const after = before.filter(stays)
  if (after.length < before.length) store.remember(`${kind}/${name}`, after.join('\n'))
}

/** The digests of a name, the oldest first. */
export function namesOf(store: Store, kind: Kind, name: string): Digest[] {
  return (store.recall(`${kind}/${name}`) ?? '').split('\n').filter(isDigest)
}

/**
 * The digest that a text means: a whole one, the beginning of one (8 digits or more), a name (its newest), or `NAME~1` (the one before,
 * as in git).
 * @throws NAME_UNKNOWN, NAME_AMBIGUOUS
 */
export function resolveName(
  store: Store,
  kind: Kind,
  options: { readonly text: string; readonly names: readonly string[] },
): Digest {
  const { text, names } = options
  if (isDigest(text)) return text
  const [, name = '', back] = /^([a-z0-9][a-z0-9+.-]*)(?:~(\d+))?$/.exec(text) ?? []
  if (names.includes(name)) {
    const digest = namesOf(store, kind, name).at(-1 - Number(back ?? 0))
    if (digest) return digest
    throw fail('NAME_UNKNOWN', {
      what: back ? `${name} was not made ${Number(back) + 1} times here` : `${name} was never made here`,
    })
  }
  const prefix = text.replace(/^sha256:/, '')
  const all = new Set(names.flatMap((known) => namesOf(store, kind, known)))
  const matching = /^[0-9a-f]{8,64}$/.test(prefix)
    ? [...all].filter((digest) => digest.startsWith(`sha256:${prefix}`))
    : []
  if (matching.length > 1)
    throw fail('NAME_AMBIGUOUS', { what: `${text} is the beginning of ${matching.length} digests` })
  if (!matching[0]) throw fail('NAME_UNKNOWN', { what: `nothing here is called ${text}` })
  return matching[0]
}
