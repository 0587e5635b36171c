import { copyFileSync, mkdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Digest, nearest } from '@holotype/base'
import { formatOf } from '@holotype/formats'
import { readManifest } from '@holotype/image'
import { listedPackages, readSnapshot } from '@holotype/repository'
import { type Lock, type LockedPackage, parseLock } from '@holotype/solver'
import type { Store } from '@holotype/store'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import { imageNames } from '../../work/images.ts'
import { namesOf } from '../../work/names.ts'

export type Flags = CommonFlags & { readonly image: string; readonly output: string }

interface Got {
  readonly path: string
  readonly name: string
  readonly version: string
  readonly sha256: string
}

/** Looks through every lock that an image was composed from here, the newest first. @throws NAME_UNKNOWN, OBJECT_MISSING */
export async function run(context: Context, flags: Flags, text: string): Promise<Got> {
  const store = await context.store()
  const [name = '', version] = text.split('=')
  const names = imageNames(await context.distribution())
  if (!names.includes(flags.image)) throw fail('NAME_UNKNOWN', { what: `there is no image "${flags.image}"` })
  const known = new Set<string>()
  for (const image of namesOf(store, 'images', flags.image).reverse()) {
    const lock = parseLock(store.read(readManifest(store, image).lock).toString(), 'lock')
    for (const locked of lock.packages) {
      known.add(locked.name)
      if (locked.name === name && (version === undefined || locked.version === version))
        return await copy(store, { lock, locked, output: flags.output })
    }
  }
  const near = nearest(name, [...known])
  throw fail('NAME_UNKNOWN', { what: `no lock of ${flags.image} held ${text}${near ? `; did you mean ${near}?` : ''}` })
}

function digestOf({ sha256 }: LockedPackage): Digest {
  return `sha256:${sha256}`
}

interface Copying {
  readonly lock: Lock
  readonly locked: LockedPackage
  readonly output: string
}

async function copy(store: Store, { lock, locked, output }: Copying): Promise<Got> {
  const { name, version, sha256 } = locked
  const directory = resolve(output)
  mkdirSync(directory, { recursive: true })
  const path = join(directory, listedName(store, lock, locked) ?? (await nativeName(store, lock, locked)))
  copyFileSync(store.pathOf(digestOf(locked)), path)
  return { path, name, version, sha256 }
}

/** As the repository that it came from calls its file. */
function listedName(store: Store, { format, snapshots }: Lock, { from, sha256 }: LockedPackage): string | undefined {
  const digest = snapshots[from]
  if (digest === undefined || !store.has(digest)) return undefined
  for (const { indexes } of readSnapshot(store, digest).suites)
    for (const index of indexes.filter((one) => store.has(one.digest)))
      for (const listed of listedPackages(store, formatOf(format), index))
        if (listed[5] === sha256 && listed[6] !== '') return basename(listed[6])
  return undefined
}

/** As our own repository would call it: the snapshot may be gone, or was never on this machine. */
async function nativeName(store: Store, { format }: Lock, locked: LockedPackage): Promise<string> {
  const { readPackage, repository } = formatOf(format)
  const { record } = await readPackage(store.pathOf(digestOf(locked)))
  return basename(repository.packagePath(record, 'main'))
}

export function show({ path }: Got): string {
  return `${path}\n`
}
