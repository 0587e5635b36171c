import { createHash, hash } from 'node:crypto'
import { readSync } from 'node:fs'
import { isErrorCode } from '@holotype/base'
import { compressed } from '../archive/compress-stream.ts'
import { gathered, noting, partsSize } from '../archive/content.ts'
import { writeAll, writeWhole } from '../archive/write-stream.ts'
import { fail } from '../errors.ts'
import { READ_CHUNK_BYTES } from '../limits.ts'
import type { Compression, PackageToWrite } from '../types.ts'
import { parseHeader } from './header.ts'
import { type HeaderEntry, writeHeader } from './header-write.ts'
import { isaOf } from './isa.ts'
import { writeLead } from './lead.ts'
import { COMPUTED_TAGS, dependencyKind, flagsOfLetters } from './package-fields.ts'
import { checkedRecord } from './package-record.ts'
import { type WrittenFiles, writeFiles } from './package-write-files.ts'
import { DEPENDENCY_TAGS, type DependencyKind, type RawDependency } from './record.ts'
import { parseRelation } from './relation.ts'
import { parseRich } from './rich.ts'
import { rpmlibVersion } from './rpmlib.ts'
import { QUALIFIERS, SENSE } from './sense.ts'
import { HEADERIMMUTABLE, HEADERSIGNATURES, SIGNATURE_TAGS, tagNamed, TAGS, type TagName } from './tags.ts'
import { senseOf } from './version.ts'

/** How each compression is named in the header, and its level: rpm's default for zstd costs twenty times the time for a tenth of the size. */
const PAYLOADS = {
  zst: { compressor: 'zstd', level: 9, feature: 'PayloadIsZstd' },
  gz: { compressor: 'gzip', level: 9, feature: '' },
  xz: { compressor: 'xz', level: 6, feature: 'PayloadIsXz' },
  none: { compressor: '', level: 0, feature: '' },
} as const

/**
 * Writes an .rpm of format 4: same input, same bytes. Fields are as `readPackage` gives them, names in any case: NAME, VERSION, RELEASE, ARCH,
 * SUMMARY and LICENSE must be there; BUILDTIME, BUILDHOST, OS, GROUP, DESCRIPTION, SOURCERPM, what the package provides of itself and
 * the features of rpm that it needs are put in where they are missing. `control` must be empty: scripts are fields (POSTIN, POSTINPROG …).
 *
 * The header has digests of what stands behind it, but its length does not depend on them: its place is left free, the payload is read,
 * packed and written in one pass, and the header put in front. No content is read twice, and no copy takes room on the disk; the MD5 that
 * packages of this format have over header and payload is made from the file. Beside what was handed in, memory holds a few chunks and the
 * encoder's tables.
 * @throws PACKAGE_UNWRITABLE, DISK_FULL
 */
export async function writePackage(path: string, content: PackageToWrite): Promise<void> {
  const { compression = 'zst', control, epoch, fields, payload } = content
  const how = payloadOf(compression)
  for (const name of control.keys()) throw unwritable(`an rpm has no control member "${name}"`)
  const collected = collect(fields)
  const files = writeFiles(payload, collected.flags)
  const archiveBytes = partsSize(files.archive)
  if (archiveBytes > MAX_BYTES || files.size > MAX_BYTES) throw unwritable('it is larger than 4 GiB')
  const defaults = complete(collected, files, { epoch, feature: how.feature })
  const dependencies = dependencyEntries(collected.dependencies)
  const headerOf = ({ packed, plain }: PayloadDigests): Buffer =>
    writeHeader(
      [
        ...defaults,
        ...files.entries(),
        ...dependencies,
        text('PAYLOADFORMAT', 'cpio'),
        ...(how.compressor === ''
          ? []
          : [text('PAYLOADCOMPRESSOR', how.compressor), text('PAYLOADFLAGS', String(how.level))]),
        text('PAYLOADDIGEST', packed),
        number('PAYLOADDIGESTALGO', 8),
        text('PAYLOADDIGESTALT', plain),
        number('SIZE', files.size),
        text('ENCODING', 'utf-8'),
        text('HEADERI18NTABLE', 'C'),
      ],
      HEADERIMMUTABLE,
    )
  const blank = headerOf({ packed: NO_DIGEST, plain: NO_DIGEST })
  const record = checkedRecord(parseHeader(blank), unwritable)
  const label = `${record.name}-${collected.values.get('VERSION')?.[0] ?? ''}-${collected.values.get('RELEASE')?.[0] ?? ''}`
  const front = (header: Buffer, packed: PackedPayload) => {
    const signature = signatureHeader(header, { ...packed, archiveBytes })
    return Buffer.concat([writeLead(label, false), signature, headerPadding(signature), header])
  }
  const begin = front(blank, { packedBytes: 0, md5: Buffer.alloc(16) }).length
  await writeWhole(path, async (file) => {
    const digests = { packed: createHash('sha256'), plain: createHash('sha256') }
    const archive = noting(gathered(files.archive), (chunk) => digests.plain.update(chunk))
    let end = begin
    for await (const chunk of compressed(archive, { compression, level: how.level, size: archiveBytes })) {
      digests.packed.update(chunk)
      end = writeAll(file, chunk, end)
      if (end > MAX_BYTES) throw unwritable('it is larger than 4 GiB')
    }
    const header = headerOf({ packed: digests.packed.digest('hex'), plain: digests.plain.digest('hex') })
    const packed = { packedBytes: end - begin, md5: md5Of(header, { file, begin, end }) }
    writeAll(file, front(header, packed), 0)
  })
}

/** What the sizes of an rpm of format 4 go up to: they have 32 bits. */
const MAX_BYTES = 0xffffffff

/** SHA-256 in hex, of the payload as it stands in the file and before it was compressed. */
interface PayloadDigests {
  readonly packed: string
  readonly plain: string
}

const NO_DIGEST = '0'.repeat(64)

interface PackedPayload {
  readonly packedBytes: number
  /** Of header and payload. */
  readonly md5: Buffer
}

function md5Of(header: Buffer, { file, begin, end }: { file: number; begin: number; end: number }): Buffer {
  const md5 = createHash('md5').update(header)
  const buffer = Buffer.allocUnsafe(READ_CHUNK_BYTES)
  for (let at = begin; at < end; ) {
    const read = readSync(file, buffer, 0, Math.min(buffer.length, end - at), at)
    if (read === 0) throw unwritable('it was cut short while it was written')
    md5.update(buffer.subarray(0, read))
    at += read
  }
  return md5.digest()
}

function payloadOf(compression: Compression): (typeof PAYLOADS)[keyof typeof PAYLOADS] {
  if (compression === 'bz2' || compression === 'lzma')
    throw unwritable(`${compression} is read, not written: take zst, gz or xz`)
  return PAYLOADS[compression]
}

/** The zeros that bring a signature header to a multiple of 8 bytes. */
export function headerPadding(signature: Uint8Array): Buffer {
  return Buffer.alloc((8 - (signature.length % 8)) % 8)
}

function signatureHeader(
  header: Buffer,
  { packedBytes, md5, archiveBytes }: PackedPayload & { readonly archiveBytes: number },
): Buffer {
  return writeHeader(
    [
      { tag: SIGNATURE_TAGS.SHA1, type: 'string', values: [hash('sha1', header, 'hex')] },
      { tag: SIGNATURE_TAGS.SHA256, type: 'string', values: [hash('sha256', header, 'hex')] },
      { tag: SIGNATURE_TAGS.SIZE, type: 'int32', values: [header.length + packedBytes] },
      { tag: SIGNATURE_TAGS.MD5, type: 'bin', values: md5 },
      { tag: SIGNATURE_TAGS.PAYLOADSIZE, type: 'int32', values: [archiveBytes] },
    ],
    HEADERSIGNATURES,
  )
}

/** Fields, sorted by what becomes of them. */
interface Collected {
  /** By tag name. */
  readonly values: Map<string, string[]>
  readonly dependencies: Map<DependencyKind, RawDependency[]>
  /** FILEFLAGS by absolute path. */
  readonly flags: Map<string, number>
}

/** In place: a changelog of a hundred thousand entries must not be copied for each of them. */
function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

function collect(fields: PackageToWrite['fields']): Collected {
  const values = new Map<string, string[]>()
  const dependencies = new Map<DependencyKind, RawDependency[]>()
  const flags = new Map<string, number>()
  for (const [field, value] of fields) {
    if (value.includes('\0')) throw unwritable(`${field} holds a NUL`)
    const match = /^([A-Z0-9_]+)(?:\(([a-z,]+)\))?$/.exec(
      field.toUpperCase().replace(/\(.*/, (part) => part.toLowerCase()),
    )
    const [, name = '', qualifiers] = match ?? []
    const kind = dependencyKind(name)
    if (kind) {
      append(dependencies, kind, dependency(field, qualifiers, value))
    } else if (name === 'FILEFLAGS') {
      const [letters = '', ...path] = value.split(' ')
      const bits = flagsOfLetters(letters)
      if (bits === undefined) throw unwritable(`FILEFLAGS "${value}": expected letters of c n d g m l r a and a path`)
      flags.set(path.join(' '), bits)
    } else if (tagNamed(name) === undefined || qualifiers !== undefined || COMPUTED_TAGS.has(name)) {
      throw unwritable(`"${field}" is no tag that can be given`)
    } else append(values, name, value)
  }
  return { values, dependencies, flags }
}

function dependency(field: string, qualifiers: string | undefined, value: string): RawDependency {
  let bits = 0
  for (const word of qualifiers?.split(',') ?? []) {
    const bit = QUALIFIERS.get(word)
    if (bit === undefined) throw unwritable(`${field}: "${word}" is no qualifier`)
    bits |= bit
  }
  try {
    if (value.startsWith('(')) {
      parseRich(value)
      return { name: value, flags: bits, evr: '' }
    }
    const { name, operator, version = '' } = parseRelation(value)
    if (name.startsWith('rpmlib(')) bits |= SENSE.RPMLIB
    if (name.startsWith('config(')) bits |= SENSE.CONFIG
    return { name, flags: bits | (operator === undefined ? 0 : senseOf(operator)), evr: version }
  } catch (error) {
    if (isErrorCode(error, 'RELATION_MALFORMED')) throw unwritable(`${field}: ${error.message}`)
    throw error
  }
}

const NEEDED = ['NAME', 'VERSION', 'RELEASE', 'ARCH', 'SUMMARY', 'LICENSE'] as const

/** The entries of plain tags, with those that were missing; dependencies that every package has are added to `collected`. */
function complete(
  { values, dependencies }: Collected,
  files: WrittenFiles,
  { epoch, feature }: { readonly epoch: number; readonly feature: string },
): HeaderEntry[] {
  for (const tag of NEEDED) if (!values.has(tag)) throw unwritable(`the field ${tag} is missing`)
  const one = (tag: TagName) => values.get(tag)?.[0] ?? ''
  const label = `${one('NAME')}-${one('VERSION')}-${one('RELEASE')}`
  for (const [tag, value] of [
    ['BUILDTIME', String(epoch)],
    ['BUILDHOST', 'localhost'],
    ['OS', 'linux'],
    ['GROUP', 'Unspecified'],
    ['DESCRIPTION', one('SUMMARY')],
    ['SOURCERPM', `${label}.src.rpm`],
  ] as const)
    if (!values.has(tag)) values.set(tag, [value])
  const epochPart = one('EPOCH') === '' ? '' : `${one('EPOCH')}:`
  const evr = `${epochPart}${one('VERSION')}-${one('RELEASE')}`
  // What rpmbuild gives every package: its name, and its name of one instruction set, for those that need a library of the same.
  const provides = dependencies.get('PROVIDES') ?? []
  const isa = isaOf(one('ARCH'))
  const own = isa === '' ? [one('NAME')] : [one('NAME'), `${one('NAME')}${isa}`]
  const absent = own.filter((its) => !provides.some((known) => known.name === its && known.evr === evr))
  dependencies.set('PROVIDES', [...absent.map((name) => ({ name, flags: SENSE.EQUAL, evr })), ...provides])
  const requires = dependencies.get('REQUIRES') ?? []
  const missing = features({ values, dependencies }, files, feature).filter(
    (each) => !requires.some(({ name }) => name === `rpmlib(${each})`),
  )
  const added = missing.map((each) => ({
    name: `rpmlib(${each})`,
    flags: SENSE.RPMLIB | SENSE.LESS | SENSE.EQUAL,
    evr: rpmlibVersion(each) ?? '',
  }))
  if (requires.length + added.length > 0) dependencies.set('REQUIRES', [...requires, ...added])
  return [...values].map(([name, texts]) => entryOf(name, texts))
}

/** The features of rpm that the package makes use of: rpm refuses what it does not know instead of misreading it. */
function features(
  { values, dependencies }: Pick<Collected, 'values' | 'dependencies'>,
  files: WrittenFiles,
  payload: string,
): string[] {
  const all = [...dependencies.values()].flat()
  const versions =
    all.map(({ evr }) => evr).join(' ') + (values.get('VERSION')?.[0] ?? '') + (values.get('RELEASE')?.[0] ?? '')
  const lua = [...values].some(([name, texts]) => name.endsWith('PROG') && texts.includes('<lua>'))
  const wanted: readonly (readonly [string, boolean])[] = [
    ['BuiltinLuaScripts', lua],
    ['CaretInVersions', versions.includes('^')],
    ['CompressedFileNames', files.hasFiles],
    ['FileCaps', files.hasCapabilities],
    ['FileDigests', files.hasFiles],
    ['PartialHardlinkSets', files.hasLinks],
    ['PayloadFilesHavePrefix', files.hasFiles],
    [payload, payload !== ''],
    ['RichDependencies', all.some(({ name }) => name.startsWith('('))],
    ['TildeInVersions', versions.includes('~')],
  ]
  return wanted.filter(([, needed]) => needed).map(([name]) => name)
}

function entryOf(name: string, texts: readonly string[]): HeaderEntry {
  const tag = tagNamed(name)
  if (!tag) throw unwritable(`"${name}" is no tag`)
  const { number: id, type } = tag
  // An interpreter is one string, with arguments several.
  const several = type.endsWith('[]') || name.endsWith('PROG')
  if (!several && texts.length > 1) throw unwritable(`${name} is given ${texts.length} times`)
  if (type === 'bin') return { tag: id, type, values: Buffer.from(texts[0] ?? '', 'hex') }
  if (!type.startsWith('int') && type !== 'char[]') return { tag: id, type, values: texts }
  const bound = type.startsWith('int16') ? 2 ** 16 : type.startsWith('int64') ? Number.MAX_SAFE_INTEGER : 2 ** 32
  const values = texts.map((value) => {
    const integer = Number(value)
    if (!/^\d+$/.test(value) || integer >= bound) throw unwritable(`${name}: "${value}" is no number of type ${type}`)
    return integer
  })
  return { tag: id, type, values }
}

function dependencyEntries(dependencies: ReadonlyMap<DependencyKind, readonly RawDependency[]>): HeaderEntry[] {
  return [...dependencies].flatMap(([kind, all]) => {
    const [name, flags, version] = DEPENDENCY_TAGS[kind].map((tag) => TAGS[tag].number)
    return [
      { tag: name ?? 0, type: 'string[]', values: all.map((each) => each.name) },
      { tag: flags ?? 0, type: 'int32[]', values: all.map((each) => each.flags) },
      { tag: version ?? 0, type: 'string[]', values: all.map((each) => each.evr) },
    ] satisfies HeaderEntry[]
  })
}

function text(name: TagName, value: string): HeaderEntry {
  return { tag: TAGS[name].number, type: TAGS[name].type, values: [value] }
}

function number(name: TagName, value: number): HeaderEntry {
  return { tag: TAGS[name].number, type: TAGS[name].type, values: [value] }
}

function unwritable(what: string): Error {
  return fail('PACKAGE_UNWRITABLE', { what })
}
