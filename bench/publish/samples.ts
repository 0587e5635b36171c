import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatOf, type PackageToWrite } from '@holotype/formats'

const EPOCH = 1_700_000_000

/** The formats that the bench can write packages of. */
export const MEASURED = ['deb', 'alpm', 'rpm', 'xbps'] as const
export type Measured = (typeof MEASURED)[number]

export const ARCHITECTURE = {
  deb: 'amd64',
  alpm: 'x86_64',
  rpm: 'x86_64',
  xbps: 'x86_64',
} as const satisfies Record<Measured, string>

/** What differs from package to package, the same on every run. */
export function variant(at: number) {
  return {
    name: `package-${(at * 48_271) % 999_983}`,
    version: `1.${at % 97}.${at % 13}-${1 + (at % 5)}`,
    library: `lib${(at * 7919) % 5000}`,
    words: `It is number ${at} of them; its description has ${(at * 15_485_863) % 1_000_003} for a word of its own, and is as long as usual ones.`,
  }
}

/** The native fields of a package. */
export function fieldsOf(format: Measured, at: number): PackageToWrite['fields'] {
  const { name, version, library, words } = variant(at)
  if (format === 'alpm')
    return [
      ['pkgname', name],
      ['pkgbase', name],
      ['pkgver', version],
      ['pkgdesc', words],
      ['url', `https://example.org/${name}`],
      ['builddate', String(EPOCH)],
      ['packager', 'Bench <bench@example.org>'],
      ['size', '12345'],
      ['arch', ARCHITECTURE.alpm],
      ['license', 'MIT'],
      ['depend', 'glibc>=2.36'],
      ['depend', library],
    ]
  if (format === 'rpm') {
    const [upstream = '', release = ''] = version.split('-')
    return [
      ['NAME', name],
      ['VERSION', upstream],
      ['RELEASE', release],
      ['SUMMARY', 'a package of the bench'],
      ['DESCRIPTION', words],
      ['URL', `https://example.org/${name}`],
      ['LICENSE', 'MIT'],
      ['ARCH', ARCHITECTURE.rpm],
      ['REQUIRES', library],
    ]
  }
  if (format === 'xbps')
    return [
      ['pkgver', `${name}-${version.replace('-', '_')}`],
      ['architecture', ARCHITECTURE.xbps],
      ['short_desc', words],
      ['homepage', `https://example.org/${name}`],
      ['maintainer', 'Bench <bench@example.org>'],
      ['license', 'MIT'],
      ['run_depends', 'glibc>=2.36_1'],
      ['run_depends', `${library}>=0`],
    ]
  return [
    ['Package', name],
    ['Version', version],
    ['Architecture', ARCHITECTURE.deb],
    ['Maintainer', 'Bench <bench@example.org>'],
    ['Installed-Size', '12'],
    ['Depends', `libc6 (>= 2.36), ${library} (>= ${at % 9}.${at % 7}), other-${at % 333} | alternative-${at % 100}`],
    ['Section', 'misc'],
    ['Priority', 'optional'],
    ['Homepage', `https://example.org/${name}`],
    ['Description', `a package of the bench\n ${words}\n .\n ${words.toUpperCase()}`],
  ]
}

function fileName(format: Measured, at: number): string {
  const { name, version } = variant(at)
  const architecture = ARCHITECTURE[format]
  switch (format) {
    case 'deb':
      return `${name}_${version}_${architecture}.deb`
    case 'alpm':
      return `${name}-${version}-${architecture}.pkg.tar.zst`
    case 'rpm':
      return `${name}-${version}.${architecture}.rpm`
    case 'xbps':
      return `${name}-${version.replace('-', '_')}.${architecture}.xbps`
  }
}

/** Writes a package of some kilobytes and gives back its path. */
export async function writeSample(format: Measured, folder: string, at: number): Promise<string> {
  const { name } = variant(at)
  const path = join(folder, fileName(format, at))
  const bytes = Buffer.from(`the content of ${name} ${at}\n`.repeat(1 + (at % 1000)))
  mkdirSync(folder, { recursive: true })
  await formatOf(format).writePackage(path, {
    fields: fieldsOf(format, at),
    control: new Map(),
    payload: [
      { path: 'usr', type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: EPOCH, size: 0 },
      { path: `usr/${name}`, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: EPOCH, size: bytes.length, bytes },
    ],
    epoch: EPOCH,
    ...(format === 'deb' ? { compression: 'xz' as const } : {}),
  })
  return path
}
