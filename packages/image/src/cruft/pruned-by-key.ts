import { posix } from 'node:path'
import type { ComposedImage } from '../explain/composed-image.ts'
import { pruner } from '../spec/prune-rules.ts'
import { type ImagePath, packageOf, sumOf } from './image-paths.ts'
import { namesText } from './names-text.ts'
import type { CruftItem, SpecChange } from './types.ts'

/** Each key of `prune` with what it leaves out, in words. */
const KEYS = [
  { key: 'locales', what: 'messages and manual pages of other languages' },
  { key: 'man', what: 'manual pages' },
  { key: 'info', what: 'info pages' },
  { key: 'docs', what: 'documentation without licences, which no program may need (Debian Policy 12.3)' },
] as const

type Key = (typeof KEYS)[number]['key']

/**
 * Translations and documentation, by owner: exactly what the keys of `prune` that the spec does not use would leave out. What the spec keeps by
 * `prune.keep` is none, and neither are its own files.
 */
export function prunedByKey(spec: ComposedImage['spec'], paths: readonly ImagePath[]): CruftItem[] {
  const taken = new Set<ImagePath>()
  return KEYS.flatMap(({ key, what }) => {
    // A list of languages that is there already says what stays.
    if (key === 'locales' && spec.prune.locales !== undefined) return []
    const goes = prunerOf(key, spec.prune.keep)
    const found = paths.filter((path) => !taken.has(path) && path.owner !== 'spec' && goes(path.path))
    for (const path of found) taken.add(path)
    const leading = linksInto(paths, new Set(found.map(({ path }) => path)), taken)
    const change = changeOf(key)
    return [...Map.groupBy(found, (path) => packageOf(path) ?? path.owner ?? '')].map(([owner, files]) => ({
      class: key,
      what: owner,
      ...sumOf(files),
      proof: proofOf(what, files, leading),
      change,
    }))
  })
}

function prunerOf(key: Key, keep: string[]): (path: string) => boolean {
  const nothing = { paths: [], keep, man: true, info: true, docs: true }
  return pruner({ prune: { ...nothing, ...(key === 'locales' ? { locales: [] } : { [key]: false }) } })
}

function changeOf(key: Key): SpecChange {
  return key === 'locales' ? { key: 'prune.locales', set: [] } : { key: `prune.${key}`, set: false }
}

/** Links from elsewhere into what would go, by what they lead to. */
function linksInto(paths: readonly ImagePath[], going: ReadonlySet<string>, taken: ReadonlySet<ImagePath>) {
  const links = paths.flatMap((link) => {
    if (link.target === undefined || taken.has(link)) return []
    const to = posix.resolve(posix.dirname(link.path), link.target)
    return going.has(to) ? [{ from: link.path, to }] : []
  })
  return Map.groupBy(links, ({ to }) => to)
}

function proofOf(
  what: string,
  files: readonly ImagePath[],
  leading: ReadonlyMap<string, readonly { readonly from: string }[]>,
): string {
  const links = files.flatMap(({ path }) => leading.get(path) ?? [])
  const where = [...new Set(files.map(({ path }) => path.split('/').slice(0, 4).join('/')))].sort()
  const dangling = links.length === 0 ? '' : `; ${namesText(links.map(({ from }) => from))} would lead nowhere`
  return `${what}: below ${namesText(where)}${dangling}`
}
