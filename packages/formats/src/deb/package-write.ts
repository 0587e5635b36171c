import { compareText, isErrorCode } from '@holotype/base'
import { compress } from '../archive/compress.ts'
import { compressed } from '../archive/compress-stream.ts'
import { confinedPath } from '../archive/path.ts'
import { contentFault, gathered, type InMemory, partsSize } from '../archive/content.ts'
import { pathGuard } from '../archive/path-guard.ts'
import { tarParts, writeTar } from '../archive/tar-write.ts'
import { writeAll, writeWhole } from '../archive/write-stream.ts'
import { fail } from '../errors.ts'
import type { Compression, PackageToWrite, PayloadToWrite } from '../types.ts'
import { arHeader, writeAr } from './ar.ts'
import { renderStanza, type Stanza } from './control.ts'
import { recordOf, valuesOf } from './record.ts'

/** What deb(5) has names for, with the levels of dpkg-deb. gzip is what every dpkg reads, zstd what dpkg 1.21.18 and later do. */
const FORMS = new Map<Compression, { readonly end: string; readonly level: number }>([
  ['gz', { end: '.gz', level: 9 }],
  ['xz', { end: '.xz', level: 6 }],
  ['zst', { end: '.zst', level: 19 }],
  ['none', { end: '', level: 0 }],
])

/**
 * Writes a .deb: same input, same bytes (with the same Node: its libraries decide the compressed form). The payload keeps its order; parent
 * directories that are missing are put in, for dpkg makes none. The payload is read, packed and written in one pass: beside what was handed in,
 * memory holds a few chunks and the encoder's tables.
 * @throws PACKAGE_UNWRITABLE, DISK_FULL
 */
export async function writePackage(path: string, content: PackageToWrite): Promise<void> {
  const { fields, control, payload, epoch, compression = 'gz' } = content
  const form = FORMS.get(compression)
  if (!form) throw fail('PACKAGE_UNWRITABLE', { what: `a .deb cannot be compressed by ${compression}` })
  const { end, level } = form
  const controlTar = await compress(writeTar(controlMembers(fields, control, epoch)), { compression, level })
  const members = checkedPayload(payload, epoch)
  const size = partsSize(tarParts(members))
  const data = compressed(gathered(tarParts(members)), { compression, level, size })
  const head = writeAr(
    [
      { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
      { name: `control.tar${end}`, bytes: controlTar },
    ],
    epoch,
  )
  await writeWhole(path, async (file) => {
    const name = `data.tar${end}`
    // The size is known in the end: its header is written over.
    const headed = writeAll(file, Buffer.concat([head, arHeader(name, 0, epoch)]), 0)
    let at = headed
    for await (const chunk of data) at = writeAll(file, chunk, at)
    if ((at - headed) % 2 === 1) writeAll(file, Buffer.from('\n'), at)
    writeAll(file, arHeader(name, at - headed, epoch), head.length)
  })
}

function directory(path: string, epoch: number): InMemory {
  return { path, type: 'directory', mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: epoch, size: 0 }
}

function controlMembers(fields: Stanza, control: PackageToWrite['control'], epoch: number): InMemory[] {
  const file = (path: string, bytes: Uint8Array, mode: number): InMemory => ({
    ...directory(path, epoch),
    type: 'file',
    mode,
    size: bytes.length,
    bytes,
  })
  const others = [...control].sort(([a], [b]) => compareText(a, b))
  for (const [name] of others)
    if (name === 'control' || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
      throw fail('PACKAGE_UNWRITABLE', { what: `"${name}" is no name for a control member` })
  return [
    directory('', epoch),
    file('control', Buffer.from(controlText(fields)), 0o644),
    ...others.map(([name, { bytes, mode }]) => file(name, bytes, mode)),
  ]
}

function controlText(fields: Stanza): string {
  recordOf(valuesOf(fields), { complain: (what, cause) => fail('PACKAGE_UNWRITABLE', { what, cause }) })
  try {
    return renderStanza(fields)
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED')) throw fail('PACKAGE_UNWRITABLE', { what: error.message, cause: error })
    throw error
  }
}

function checkedPayload(payload: PackageToWrite['payload'], epoch: number): PayloadToWrite[] {
  const guard = pathGuard()
  const written = new Set<string>()
  const members: PayloadToWrite[] = []
  const add = (member: PayloadToWrite) => {
    try {
      guard(member)
    } catch (error) {
      throw isErrorCode(error, 'PACKAGE_MALFORMED')
        ? fail('PACKAGE_UNWRITABLE', { what: error.message, cause: error })
        : error
    }
    written.add(member.path)
    members.push(member)
  }
  for (const member of payload) {
    checkMember(member)
    const parts = member.path.split('/')
    for (let length = 0; length < parts.length; length++) {
      const parent = parts.slice(0, length).join('/')
      if (parent !== member.path && !written.has(parent)) add(directory(parent, epoch))
    }
    add(member)
  }
  if (members.length === 0) add(directory('', epoch))
  return members
}

function checkMember(member: PayloadToWrite): void {
  const { path, type, target } = member
  const wrong = (what: string) => fail('PACKAGE_UNWRITABLE', { what: `${JSON.stringify(path)}: ${what}` })
  if (path !== '' && confinedPath(path) !== path) throw wrong('is no normal path below the root')
  // Its lists of files are lines: dpkg refuses such a package.
  if (path.includes('\n')) throw wrong('holds a line break')
  const fault = contentFault(member)
  if (fault !== undefined) throw wrong(fault)
  if ((type === 'symlink' || type === 'hardlink') && (target === undefined || target === '' || target.includes('\0')))
    throw wrong('is a link without a target')
}
