import { copyFileSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Digest, nearest } from '@holotype/base'
import { readManifest } from '@holotype/image'
import { type LockedPackage, parseLock } from '@holotype/solver'
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
        return copy(store.pathOf(digestOf(locked)), flags, locked)
    }
  }
  const near = nearest(name, [...known])
  throw fail('NAME_UNKNOWN', { what: `no lock of ${flags.image} held ${text}${near ? `; did you mean ${near}?` : ''}` })
}

function digestOf({ sha256 }: LockedPackage): Digest {
  return `sha256:${sha256}`
}

function copy(from: string, { output }: Flags, { name, version, architecture, sha256 }: LockedPackage): Got {
  mkdirSync(resolve(output), { recursive: true })
  const path = join(resolve(output), `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`)
  copyFileSync(from, path)
  return { path, name, version, sha256 }
}

export function show({ path }: Got): string {
  return `${path}\n`
}
