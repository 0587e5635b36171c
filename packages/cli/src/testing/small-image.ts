import { digestOf } from '@holotype/base'
import { imageSchema } from '@holotype/distribution'
import { resolveSpec } from '@holotype/image'
import { buildTree, openStore } from '@holotype/store'
import { addName } from '../work/names.ts'

const METADATA = { uid: 0, gid: 0, mtime: 1_700_000_000 }
const FILES = {
  'etc/motd': 'hello\n',
  'usr/bin/git': '#!/bin/sh\n'.padEnd(40_000, '#'),
  'usr/share/doc/git/copyright': 'GPL-2\n',
  'usr/share/doc/git/README': 'r'.repeat(2000),
  'usr/share/locale/de/LC_MESSAGES/git.mo': 'd'.repeat(5000),
  'usr/share/locale/fr/LC_MESSAGES/git.mo': 'f'.repeat(6000),
  'usr/share/man/man1/git.1.gz': 'm'.repeat(3000),
}

/** Two images called `web` in a store, as composing leaves them: the package git, which grew, with a spec. */
export function storeSmallImages(directory: string): void {
  const store = openStore(directory)
  const spec = resolveSpec(store, { name: 'web', spec: imageSchema.parse({ packages: ['git'] }), directory: '/' })
  const versions: readonly Readonly<Record<string, string>>[] = [{ ...FILES, 'usr/bin/git': '#!/bin/sh\n' }, FILES]
  for (const files of versions) {
    const paths = new Set(
      Object.keys(files).flatMap((path) =>
        path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/')),
      ),
    )
    const tree = buildTree(
      store,
      [...paths].map((path) => {
        const bytes = files[path] === undefined ? undefined : Buffer.from(files[path])
        return bytes === undefined
          ? { path, entry: { type: 'directory', mode: 0o755, ...METADATA } as const }
          : {
              path,
              entry: { type: 'file', mode: 0o644, ...METADATA, digest: store.put(bytes), size: bytes.length } as const,
            }
      }),
    )
    const lock = {
      schema: 'holotype.lock/1',
      image: 'web',
      format: 'deb',
      architecture: 'amd64',
      snapshots: { debian: digestOf('s') },
    }
    const git = { name: 'git', version: '1', architecture: 'amd64' }
    const file = { size: 1, sha256: 'a'.repeat(64), from: 'debian', source: 'git', sourceVersion: '1' }
    const image = store.putJson({
      schema: 'holotype.image/1',
      name: 'web',
      format: 'deb',
      architecture: 'amd64',
      root: { tree: tree.digest, mode: 0o755, uid: 0, gid: 0, mtime: METADATA.mtime },
      stats: tree.stats,
      lock: store.putJson({ ...lock, packages: [{ ...git, ...file }] }),
      spec: store.putJson(spec),
      packages: store.putJson([git]),
      owners: store.putJson({ 'package:git': [...paths].map((path) => `/${path}`) }),
      exclusions: [],
      triggers: [],
    })
    addName(store, 'images', { name: 'web', digest: image })
  }
}
