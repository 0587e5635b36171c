import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path/posix'
import { formats, type PackageToWrite } from '@holotype/formats'

type Member = PackageToWrite['payload'][number]

const METADATA = { uid: 0, gid: 0, mtime: 1_600_000_000, size: 0 }

const PROGRAMS = [
  ...['bash', 'setpriv', 'env', 'cat', 'chgrp', 'chmod', 'chown', 'cp', 'date', 'id', 'ln', 'ls', 'mkdir', 'mkfifo'],
  ...['mv', 'rm', 'sort', 'touch', 'wc', 'sed', 'grep'],
  // rpm's Lua by itself, where this machine has it.
  'rpmlua',
]

/**
 * What scripts need of a root, with this machine's own bytes: bash, the programs above, the libraries they load, a merged /usr, and the
 * accounts root and nobody.
 */
export function hostBase(): Member[] {
  const files = new Map<string, Member>()
  const add = (member: Pick<Member, 'path' | 'type'> & Partial<Member>) => {
    files.set(member.path, { mode: member.type === 'directory' ? 0o755 : 0o644, ...METADATA, ...member })
  }
  const addFile = (path: string, bytes: Uint8Array, mode: number) =>
    add({ path, type: 'file', mode, bytes, size: bytes.length })
  const parents = (path: string) => {
    for (let above = dirname(path); above !== '.'; above = dirname(above)) add({ path: above, type: 'directory' })
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    add({ path: name, type: 'symlink', mode: 0o777, target: `usr/${name}` })
  for (const name of ['etc', 'usr', 'usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'var', 'var/lib', 'var/log', 'root'])
    add({ path: name, type: 'directory', ...(name === 'root' ? { mode: 0o700 } : {}) })
  add({ path: 'tmp', type: 'directory', mode: 0o1777 })
  for (const name of ['dev', 'proc', 'sys', 'run']) add({ path: name, type: 'directory' })
  addFile('etc/passwd', Buffer.from('root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n'), 0o644)
  addFile('etc/group', Buffer.from('root:x:0:\nmail:x:8:\nnogroup:x:65534:\n'), 0o644)
  const libraries = new Set<string>()
  for (const name of PROGRAMS) {
    const found = programOnHost(name)
    if (found === undefined) continue
    addFile(`usr/bin/${name}`, readFileSync(found), 0o755)
    for (const path of librariesOf(found)) libraries.add(path)
  }
  for (const path of libraries) {
    const place = path.replace(/^\/(usr\/)?/, 'usr/')
    parents(place)
    addFile(place, readFileSync(path), 0o755)
  }
  for (const path of ['usr/lib/rpm/rpmrc', 'usr/lib/rpm/macros'].filter((one) => existsSync(`/${one}`))) {
    parents(path)
    addFile(path, readFileSync(`/${path}`), 0o644)
  }
  add({ path: 'usr/bin/sh', type: 'symlink', mode: 0o777, target: 'bash' })
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function programOnHost(name: string): string | undefined {
  try {
    return realpathSync(`/usr/bin/${name}`)
  } catch {
    return undefined
  }
}

/** What `ldd` names: libraries and the loader, by the path they are loaded from. */
function librariesOf(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' })
  return [...text.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path = '']) => (basename(path) === '' ? [] : [path]))
}

/** Fields of a small package that a test writes itself. */
export function packageFields(
  format: 'alpm' | 'rpm',
  name: string,
  more: readonly (readonly [string, string])[] = [],
): PackageToWrite['fields'] {
  return format === 'alpm'
    ? [
        ['pkgname', name],
        ['pkgbase', name],
        ['pkgver', '1-1'],
        ['pkgdesc', 'a sample'],
        ['builddate', '1600000000'],
        ['packager', 'Jane Doe <jane@example.org>'],
        ['size', '1000'],
        ['arch', 'any'],
        ...more,
      ]
    : [
        ['NAME', name],
        ['VERSION', '1'],
        ['RELEASE', '1'],
        ['SUMMARY', 'a sample'],
        ['DESCRIPTION', 'a sample'],
        ['LICENSE', 'MIT'],
        ['GROUP', 'Unspecified'],
        ['OS', 'linux'],
        ['ARCH', 'noarch'],
        ['PROVIDES', `${name} = 1-1`],
        ...more,
      ]
}

/** Writes {@link hostBase} as the package `base`, which is also called by its shells. */
export async function writeHostBase(format: 'alpm' | 'rpm', path: string): Promise<void> {
  const shells = ['/bin/sh', '/bin/bash'].map((name) => ['PROVIDES', name] as const)
  await formats[format].writePackage(path, {
    fields: packageFields(format, 'base', format === 'rpm' ? shells : []),
    control: new Map(),
    payload: hostBase().map((member) => ({ ...member, ...(format === 'rpm' ? { owner: 'root', group: 'root' } : {}) })),
    epoch: 1_600_000_000,
  })
}
