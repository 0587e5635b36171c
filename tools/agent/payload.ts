import { createReadStream, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { FormatName, PackageToWrite } from '../../packages/formats/src/index.ts'

const ROOT = join(import.meta.dirname, '../..')
const PACKAGING = join(ROOT, 'packaging/agent')
const NAME = 'holotype-agent'

type Member = PackageToWrite['payload'][number]

const COMMON: readonly (readonly [path: string, source: string])[] = [
  ['usr/lib/holotype/repeat-agent', 'repeat-agent'],
  ['usr/lib/holotype/run-agent', 'run-agent'],
  [`usr/share/doc/${NAME}/README.md`, '../../docs/guide/agent-install.md'],
  [`usr/share/doc/${NAME}/copyright`, 'copyright'],
  [`usr/share/${NAME}/openrc/${NAME}`, 'openrc/holotype-agent'],
  [`usr/share/${NAME}/runit/run`, 'runit/run'],
]
const SYSTEMD: readonly (readonly [path: string, source: string])[] = [
  [`usr/lib/systemd/system/${NAME}.service`, `${NAME}.service`],
  [`usr/lib/systemd/system/${NAME}-boot.service`, `${NAME}-boot.service`],
  [`usr/lib/systemd/system/${NAME}.timer`, `${NAME}.timer`],
  [`usr/lib/systemd/system-preset/90-${NAME}.preset`, `${NAME}.preset`],
  [`usr/lib/tmpfiles.d/${NAME}.conf`, `${NAME}.tmpfiles`],
]
const RUNIT: readonly (readonly [path: string, source: string])[] = [[`etc/sv/${NAME}/run`, 'runit/run']]
/** Whose directories no other package has: the formats that share no directories list these alone. */
const OWN = /\/holotype(?:-agent)?(?:\/|$)/

export function packagingFile(name: string): Buffer {
  return readFileSync(join(PACKAGING, name))
}

/** What a package of the agent holds, in path order: directories before what is in them. */
export function payloadOf(format: FormatName, executable: string, epoch: number): Member[] {
  const files: Member[] = [...COMMON, ...(format === 'xbps' ? RUNIT : SYSTEMD)].map(([path, source]) => {
    const bytes = packagingFile(source)
    const script = bytes.subarray(0, 2).toString() === '#!'
    return { ...facts(path, epoch), type: 'file', mode: script ? 0o755 : 0o644, size: bytes.length, bytes }
  })
  files.push({
    ...facts(`usr/bin/${NAME}`, epoch),
    type: 'file',
    mode: 0o755,
    size: statSync(executable).size,
    open: () => createReadStream(executable),
  })
  // Where Void's runit keeps what changes of a service: not in /etc.
  if (format === 'xbps')
    files.push({
      ...facts(`etc/sv/${NAME}/supervise`, epoch),
      type: 'symlink',
      mode: 0o777,
      target: `/run/runit/supervise.${NAME}`,
    })
  const all = new Set(files.flatMap(({ path }) => parentsOf(path)))
  const listed = [...all].filter((path) => format === 'deb' || format === 'alpm' || OWN.test(path))
  const directories = listed.map((path): Member => ({ ...facts(path, epoch), type: 'directory', mode: 0o755 }))
  return [...directories, ...files].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function facts(path: string, mtime: number) {
  return { path, uid: 0, gid: 0, owner: 'root', group: 'root', mtime, size: 0 } as const
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
