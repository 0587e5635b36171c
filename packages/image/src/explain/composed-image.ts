import type { Digest, Place } from '@holotype/base'
import { type ImageSpec, imageSchema } from '@holotype/distribution'
import type { FormatName } from '@holotype/formats'
import { type Lock, type LockedPackage, parseLock } from '@holotype/solver'
import { type Entry, lookup, type Store } from '@holotype/store'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { PATH_SYMLINKS } from '../limits.ts'
import { readManifest } from '../manifest.ts'
import { digestOfFile } from '../package-threads.ts'
import type { ImageManifest } from '../types.ts'
import { recallUnpacked } from '../unpack/unpacked.ts'

/** The image's spec as the distribution says it now: it tells places, and never what the image holds. */
export interface Declared {
  readonly spec: ImageSpec
  originOf(path: readonly PropertyKey[]): Place | undefined
}

/** What is read of the spec that an image was composed from. Images from before a key was known lack it: its default holds. */
const specSchema = z.object({
  packages: z.array(z.string()),
  recommends: z.boolean().default(false),
  exclude: z.array(z.string()).default([]),
  hold: z.array(z.string()).default([]),
  prune: imageSchema.shape.prune,
  units: imageSchema.shape.units,
  files: z.record(z.string(), z.unknown()).default({}),
  users: z.record(z.string(), z.unknown()).default({}),
  groups: z.record(z.string(), z.unknown()).default({}),
  timezone: z.string().optional(),
})

const ownersSchema = z.record(z.string(), z.array(z.string()))

/** An image read for questions. All of it comes from objects of the store. */
export interface ComposedImage {
  readonly store: Store
  readonly manifest: ImageManifest
  readonly lock: Lock
  readonly spec: z.output<typeof specSchema>
  readonly declared: Declared | undefined
  /** `package:NAME`, `spec` or `step:NAME` of an absolute path. */
  ownerOf(path: string): string | undefined
  /** The absolute paths of an owner, sorted. */
  pathsOf(owner: string): readonly string[]
  /** What lies at an absolute path, links above it followed as the kernel would in the image's root. */
  at(path: string): { readonly path: string; readonly entry: Entry | undefined }
  /** What a package brings to a path; undefined also where the store does not have its files any more. */
  broughtBy(locked: LockedPackage, path: string): Entry | undefined
  /** Where the spec says what a predicate finds, in the distribution as it is now. */
  placeOf(...path: PropertyKey[]): Place | undefined
}

/** @throws OBJECT_MISSING, OBJECT_CORRUPT, IMAGE_MALFORMED, LOCK_MALFORMED */
export function readComposed(store: Store, image: Digest, declared?: Declared): ComposedImage {
  const manifest = readManifest(store, image)
  const owners = parsed(ownersSchema, store.readJson(manifest.owners), 'its owners')
  const ownerOf = new Map(Object.entries(owners).flatMap(([owner, paths]) => paths.map((path) => [path, owner])))
  const lock = parseLock(store.read(manifest.lock).toString(), `the lock of ${image}`)
  return {
    store,
    manifest,
    lock,
    spec: parsed(specSchema, store.readJson(manifest.spec), 'its spec'),
    declared,
    ownerOf: (path) => ownerOf.get(path),
    pathsOf: (owner) => owners[owner] ?? [],
    at: (path) => follow(store, manifest.root.tree, path),
    broughtBy: (locked, path) => {
      const unpacked = recallUnpacked(store, digestOfFile(locked))
      if (!unpacked) return undefined
      return aliasesOf(path, lock.format)
        .map((alias) => lookup(store, unpacked.tree, alias))
        .find((entry) => entry !== undefined)
    },
    placeOf: (...path) => declared?.originOf(path),
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw fail('IMAGE_MALFORMED', { what: `an image cannot be read: ${what}`, cause: result.error })
}

/** The paths at which a package may ship what lies at a path: below `/usr`, and where links lead there. */
function aliasesOf(path: string, format: FormatName): string[] {
  const own = path.slice(1)
  const top = /^usr\/((?:bin|sbin|lib\w*)(?:\/.*)?)$/.exec(own)?.[1]
  return top !== undefined && format !== 'xbps' ? [own, top] : [own]
}

function follow(store: Store, root: Digest, path: string): { path: string; entry: Entry | undefined } {
  let rest = path.split('/').filter((part) => part !== '' && part !== '.')
  let place: string[] = []
  let links = 0
  while (rest.length > 0) {
    const [part = '', ...after] = rest
    const at = part === '..' ? place.slice(0, -1) : [...place, part]
    const entry = at.length === 0 ? undefined : lookup(store, root, at.join('/'))
    if (after.length === 0) return { path: `/${at.join('/')}`, entry }
    if (entry?.type === 'symlink' && ++links <= PATH_SYMLINKS) {
      rest = [...entry.target.split('/').filter((step) => step !== '' && step !== '.'), ...after]
      if (entry.target.startsWith('/')) place = []
    } else {
      place = at
      rest = after
    }
  }
  return { path: '/', entry: undefined }
}
