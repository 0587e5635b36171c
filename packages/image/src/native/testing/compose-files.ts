import { createReadStream } from 'node:fs'
import { compareText, type Digest, silent } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { formatOf, type FormatName } from '@holotype/formats'
import type { Lock, LockedPackage } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { type Composed, compose } from '../../compose/compose.ts'
import { resolveSpec } from '../../spec/resolve-spec.ts'

/** An image of these package files and of nothing else. */
export async function composeFiles(store: Store, format: FormatName, files: readonly string[]): Promise<Composed> {
  const packages = await Promise.all(files.map((file) => lockedPackage(store, format, file)))
  const lock: Lock = {
    schema: 'holotype.lock/1',
    image: 'sample',
    format,
    architecture: 'x86_64',
    snapshots: { here: `sha256:${'0'.repeat(64)}` },
    packages: packages.sort((a, b) => compareText(a.name, b.name)),
  }
  const parsed = imageSchema.parse({ packages: packages.map(({ name }) => name) })
  const spec = resolveSpec(store, { name: 'sample', spec: parsed, directory: '/' })
  return await compose({ store, lock, spec, progress: silent })
}

async function lockedPackage(store: Store, format: FormatName, file: string): Promise<LockedPackage> {
  const { record } = await formatOf(format).readPackage(file)
  const digest: Digest = `sha256:${record.sha256}`
  await store.putStream(createReadStream(file), digest)
  const { name, version, architecture, source, sourceVersion, size, sha256 } = record
  return { name, version, architecture, source, sourceVersion, size, sha256, from: 'here' }
}
