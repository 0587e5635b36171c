import { compareText, isErrorCode } from '@holotype/base'
import { compress } from '../archive/compress.ts'
import { compressed } from '../archive/compress-stream.ts'
import { confinedPath } from '../archive/path.ts'
import { contentFault, digested, gathered, type InMemory, type Part } from '../archive/content.ts'
import { pathGuard } from '../archive/path-guard.ts'
import { writeStreamAtomic } from '../archive/write-stream.ts'
import { fail } from '../errors.ts'
import type { Compression, PackageToWrite, PayloadToWrite } from '../types.ts'
import { renderMtree } from './mtree.ts'
import { renderPkginfo } from './pkginfo.ts'
import { recordOf, valuesOf } from './record.ts'
import { paxParts, TAR_END } from './tar-pax.ts'

/** Levels by measure: beyond them zst takes three times as long for a hundredth of the size. */
const LEVELS: Readonly<Record<Compression, number>> = { none: 0, gz: 9, xz: 6, zst: 12, bz2: 9, lzma: 6 }

/**
 * Writes a package as makepkg does: .BUILDINFO, .CHANGELOG and .INSTALL as they are given in `control`, a .MTREE of all members, .PKGINFO, then
 * the payload in its order; parent directories that are missing are put in, for pacman knows only directories that a package lists. Same
 * input, same bytes (with the same Node). zst unless told otherwise. .MTREE, which stands first, has digests of all files: streams are read
 * twice, which takes no disk. Beside what was handed in, memory holds a few chunks and the encoder's tables.
 * @throws PACKAGE_UNWRITABLE, DISK_FULL
 */
export async function writePackage(path: string, content: PackageToWrite): Promise<void> {
  const { fields, control, payload, epoch, compression = 'zst' } = content
  recordOf(valuesOf(fields), { complain: unwritable })
  const metadata = metadataMembers(control, epoch)
  metadata.push(metadataFile('.PKGINFO', Buffer.from(renderPkginfo(fields, unwritable)), epoch))
  const list = await Promise.all(metadata.map((member) => digested(member, { md5: true })))
  const files: PayloadToWrite[] = []
  for (const each of checkedPayload(payload, epoch)) {
    const known = await digested(each, { md5: true })
    list.push(known)
    files.push(known.member)
  }
  const mtree = await compress(Buffer.from(renderMtree(list)), { compression: 'gz', level: 9 })
  const members = [...metadata, metadataFile('.MTREE', mtree, epoch)].sort((a, b) => compareText(a.path, b.path))
  const tar = gathered(archiveOf([...members, ...files]))
  await writeStreamAtomic(path, compressed(tar, { compression, level: LEVELS[compression] }))
}

function* archiveOf(members: Iterable<PayloadToWrite>): Generator<Part, void, undefined> {
  yield* paxParts(members)
  yield TAR_END
}

function metadataFile(path: string, bytes: Uint8Array, epoch: number, mode = 0o644): InMemory {
  return { path, type: 'file', mode, uid: 0, gid: 0, mtime: epoch, size: bytes.length, bytes }
}

const GIVEN = new Set(['.BUILDINFO', '.CHANGELOG', '.INSTALL'])

function metadataMembers(control: PackageToWrite['control'], epoch: number): InMemory[] {
  return [...control].map(([name, { bytes, mode }]) => {
    if (!GIVEN.has(name))
      throw unwritable(
        name === '.PKGINFO' || name === '.MTREE'
          ? `${name} is made from the fields and the payload`
          : `"${name}" is no metadata of a package: .BUILDINFO, .CHANGELOG and .INSTALL are`,
      )
    return metadataFile(name, bytes, epoch, mode)
  })
}

function checkedPayload(payload: PackageToWrite['payload'], epoch: number): PayloadToWrite[] {
  const guard = pathGuard()
  const written = new Set<string>([''])
  const members: PayloadToWrite[] = []
  const add = (member: PayloadToWrite) => {
    try {
      guard(member)
    } catch (error) {
      throw isErrorCode(error, 'PACKAGE_MALFORMED') ? unwritable(error.message, error) : error
    }
    written.add(member.path)
    members.push(member)
  }
  for (const member of payload) {
    checkMember(member)
    for (let slash = member.path.indexOf('/'); slash > 0; slash = member.path.indexOf('/', slash + 1)) {
      const path = member.path.slice(0, slash)
      if (!written.has(path)) add({ path, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: epoch, size: 0 })
    }
    add(member)
  }
  return members
}

function checkMember(member: PayloadToWrite): void {
  const { path, type, target } = member
  const wrong = (what: string) => unwritable(`${JSON.stringify(path)}: ${what}`)
  if (path !== '' && confinedPath(path) !== path) throw wrong('is no normal path below the root')
  // In a desc file a path is a line; with a dot in front it would be metadata, which pacman does not install.
  if (path.includes('\n')) throw wrong('holds a line break')
  if (path.startsWith('.')) throw wrong('begins with a dot: pacman would not install it')
  const fault = contentFault(member)
  if (fault !== undefined) throw wrong(fault)
  if ((type === 'symlink' || type === 'hardlink') && (target === undefined || target === '' || target.includes('\0')))
    throw wrong('is a link without a target')
}

function unwritable(what: string, cause?: unknown): Error {
  return fail('PACKAGE_UNWRITABLE', { what, cause })
}
