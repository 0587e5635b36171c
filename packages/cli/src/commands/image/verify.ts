import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Digest, renderPairs, runTask, shortDigest } from '@holotype/base'
import { compose, readManifest, readSpec } from '@holotype/image'
import type { Lock } from '@holotype/solver'
import { parseLock } from '@holotype/solver/lock-file'
import { openStore, type Store } from '@holotype/store'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { differencesOf } from '../../work/image-differences.ts'
import { imageNames } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

/** Paths that an error's text names. */
const DIFFERENCES_IN_TEXT = 5

export type Flags = CommonFlags & { readonly store?: string }

interface Verified {
  readonly name: string
  readonly image: Digest
  readonly again: Digest
  readonly milliseconds: number
}

/**
 * Composes an image once more, from the lock and the spec that it was composed from, in a store of its own that is handed the package files, the spec's files and
 * nothing else, and compares the digests.
 * @throws IMAGE_NOT_REPRODUCED, and what `image compose` throws
 */
export async function run(context: Context, flags: Flags, name: string): Promise<Verified> {
  const start = performance.now()
  const distribution = await context.distribution()
  const first = await context.store()
  const image = resolveName(first, 'images', { text: name, names: imageNames(distribution) })
  const manifest = readManifest(first, image)
  const lock = parseLock(first.read(manifest.lock).toString(), `the lock of ${image}`)
  const spec = readSpec(first, manifest.spec)
  mkdirSync(context.home.work, { recursive: true })
  const directory = flags.store === undefined ? mkdtempSync(join(context.home.work, 'verify-')) : resolve(flags.store)
  try {
    const second = openStore(directory)
    await runTask(
      context.progress,
      { title: 'hand the package files to a second store', total: lock.packages.length, unit: 'packages' },
      (task) => copyPackages({ lock, first, second, onDone: (done) => task.advance(done) }),
    )
    for (const file of Object.values(spec.files)) if (file.type === 'file') second.put(first.read(file.digest))
    const again = await compose({
      store: second,
      lock,
      spec,
      progress: context.progress,
      signal: context.signal,
    })
    if (again.image !== image) {
      const differs = differencesOf({ store: first, image }, { store: second, image: again.image })
      throw fail('IMAGE_NOT_REPRODUCED', {
        what: [
          `${name} was ${shortDigest(image)}, composed again it is ${shortDigest(again.image)}:`,
          ...differs.slice(0, DIFFERENCES_IN_TEXT),
        ].join('\n'),
        data: { differs },
      })
    }
    return { name: manifest.name, image, again: again.image, milliseconds: Math.round(performance.now() - start) }
  } finally {
    if (flags.store === undefined) rmSync(directory, { recursive: true, force: true })
  }
}

interface Copy {
  readonly lock: Lock
  readonly first: Store
  readonly second: Store
  readonly onDone: (done: number) => void
}

async function copyPackages({ lock, first, second, onDone }: Copy): Promise<void> {
  for (const [index, { sha256 }] of lock.packages.entries()) {
    const digest: Digest = `sha256:${sha256}`
    if (!second.has(digest)) await second.putStream(createReadStream(first.pathOf(digest)), digest)
    onDone(index + 1)
  }
}

export function show(verified: Verified, { paint }: View): string {
  return renderPairs(
    [
      ['composed again', paint.bold(`${verified.name}: the same, bit for bit`)],
      ['digest', verified.again],
    ],
    paint,
  )
}
