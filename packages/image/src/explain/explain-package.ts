import { HolotypeError } from '@holotype/base'
import { formatOf } from '@holotype/formats'
import { type Lock, resolve, type Resolution, why } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { digestOfFile } from '../package-threads.ts'
import { recallUnpacked } from '../unpack/unpacked.ts'
import type { ComposedImage } from './composed-image.ts'
import { placed } from './explain-path.ts'
import { lockedCandidates } from './locked-candidates.ts'
import type { ExplainedPackage, Statement } from './types.ts'

/**
 * Why a package is in an image, and what it brings; or that it is not in.
 * @throws PACKAGE_MALFORMED, FILE_UNREADABLE
 */
export async function explainPackage(image: ComposedImage, name: string): Promise<ExplainedPackage> {
  const { lock, store } = image
  const locked = lock.packages.find((candidate) => candidate.name === name)
  if (!locked) return { kind: 'package', name, present: false, statements: absence(image, name) }
  const { version, architecture, from, size } = locked
  const unpacked = recallUnpacked(store, digestOfFile(locked))
  const snapshot = lock.snapshots[from]
  const chain = await chainOf(image, name)
  return {
    kind: 'package',
    name,
    present: true,
    version,
    architecture,
    from,
    ...(snapshot === undefined ? {} : { snapshot }),
    digest: digestOfFile(locked),
    size,
    paths: image.pathsOf(`package:${name}`).length,
    ...(unpacked ? { bytes: store.readTree(unpacked.tree).stats.bytes } : {}),
    statements: [...chain.map((text) => ({ text, ...wishPlace(image, text) })), ...wish(image, name, chain)],
  }
}

/** From the image's wish to the package, a sentence for each link; or why that cannot be told. */
async function chainOf({ store, lock, spec }: ComposedImage, name: string): Promise<readonly string[]> {
  try {
    const resolution = await resolveLocked(store, lock, spec)
    if (resolution) return why(resolution, name)?.chain ?? []
    return ['who needs it cannot be told: the store has not all package files of the lock any more']
  } catch (error) {
    if (!(error instanceof HolotypeError) || !error.code.startsWith('RESOLVE_')) throw error
    return [`who needs it cannot be told: the image was composed from a lock older than its spec: ${error.message}`]
  }
}

/**
 * The image's wishes resolved again among the packages that its lock has, and no others: the same packages, and who needs which. Undefined where
 * the store does not have all their files any more.
 */
async function resolveLocked(store: Store, lock: Lock, spec: ComposedImage['spec']): Promise<Resolution | undefined> {
  const candidates = await lockedCandidates(store, lock)
  if (!candidates) return undefined
  const format = formatOf(lock.format)
  const subject = lock.image
  const { architecture } = lock
  return resolve({ format, architecture, install: spec.packages, candidates, recommends: spec.recommends, subject })
}

/** The first link of a chain names a wish: where the spec has it. */
function wishPlace(image: ComposedImage, text: string): Pick<Statement, 'place'> {
  const wanted = text.startsWith(`${image.lock.image} asks for `)
    ? text.slice(`${image.lock.image} asks for `.length)
    : ''
  return wanted === '' ? {} : placeOfWish(image, wanted)
}

function placeOfWish(image: ComposedImage, wanted: string): Pick<Statement, 'place'> {
  const nameIn = (text: string) => /^@?[^\s(=<>]*/.exec(text)?.[0]
  const index = image.declared?.spec.packages.findIndex((one) => nameIn(one) === nameIn(wanted)) ?? -1
  return index < 0 ? {} : placed(image, 'packages', index)
}

/** Where the spec asks for the package by its own name, if the shortest chain does not say so. */
function wish(image: ComposedImage, name: string, chain: readonly string[]): Statement[] {
  const asked = image.spec.packages.find((wanted) => /^@?[^\s(=<>]*/.exec(wanted)?.[0] === name)
  if (asked === undefined || chain.some((link) => link.startsWith(`${image.lock.image} asks for ${name}`))) return []
  return [{ text: `${image.lock.image} asks for ${asked}`, ...placeOfWish(image, asked) }]
}

function absence(image: ComposedImage, name: string): Statement[] {
  const text = `no package of the image is called ${name}`
  const index = image.declared?.spec.exclude.indexOf(name) ?? -1
  if (!image.spec.exclude.includes(name)) return [{ text }]
  return [{ text }, { text: `the spec excludes ${name}`, ...(index < 0 ? {} : placed(image, 'exclude', index)) }]
}
