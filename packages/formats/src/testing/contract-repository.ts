import { readFileSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { compareText, digestOf, HolotypeError, hexOf } from '@holotype/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compress } from '../archive/compress.ts'
import { unpack } from '../archive/decompress.ts'
import { inspectPackage } from '../inspect.ts'
import type { RepositoryEntry, RepositorySigner, WrittenIndex } from '../repository-writer.ts'
import type { Compression, Format } from '../types.ts'
import type { FormatFixtures } from './contract.ts'
import { SMALL_PAYLOAD } from './payloads.ts'
import { clearText, noSigner } from './signers.ts'
import { scratch } from './tools.ts'

/** A repository as a publisher would put it on disk: bytes by path below the base. */
export interface BuiltRepository {
  readonly entries: readonly RepositoryEntry[]
  /** Package files, companions, indexes for ever, tops. */
  readonly files: ReadonlyMap<string, Buffer>
  readonly tops: ReadonlyMap<string, Buffer>
  /** The uncompressed indexes by name. */
  readonly open: ReadonlyMap<string, Buffer>
}

/** Makes a repository of these package files by the format's own writer, in the simplest way there is. */
export async function buildRepository(
  format: Format,
  packages: readonly string[],
  options: Pick<FormatFixtures, 'settings'> & { readonly directory: string; readonly signer?: RepositorySigner },
): Promise<BuiltRepository> {
  const { directory, signer = noSigner } = options
  const writer = format.repository
  const settings = (await writer.prepare?.(options.settings, signer)) ?? options.settings
  const files = new Map<string, Buffer>()
  const entries: RepositoryEntry[] = []
  for (const file of packages) {
    const inspected = await inspectPackage(format, file)
    const path = writer.packagePath(inspected.record, settings.component)
    const companions = await writer.companions(file, path, signer)
    files.set(path, readFileSync(file))
    for (const [beside, bytes] of companions) files.set(beside, bytes)
    entries.push(writer.renderEntry(inspected, path, companions))
  }
  entries.sort((a, b) => compareText(writer.sortKey(a.record), writer.sortKey(b.record)))
  const open = new Map<string, Buffer>()
  const written: WrittenIndex[] = []
  for (const index of writer.indexes(settings)) {
    const listed = entries.filter(({ record }) => index.architectures.includes(record.architecture))
    if (index.optional && listed.every(({ parts }) => parts[index.part] === undefined)) continue
    const parts = listed.map(({ parts }) => parts[index.part] ?? Buffer.alloc(0))
    const size = parts.reduce((sum, { length }) => sum + length, 0)
    const pieces = [index.opening(parts.length, size), ...parts, index.closing(parts.length, size)]
    const bytes = Buffer.concat(pieces)
    open.set(index.name, bytes)
    for (const { compression, level } of index.forms) {
      // As a publisher does it that compresses its chunks once.
      const members = pieces.filter(({ length }) => length > 0 || pieces.length === 2)
      const packed = Buffer.concat(await Promise.all(members.map((piece) => compress(piece, { compression, level }))))
      const sha256 = hexOf(digestOf(packed))
      const file = `${directory}/index-${sha256}`
      writeFileSync(file, packed)
      const path = index.path?.(compression, sha256)
      if (path !== undefined) files.set(path, packed)
      written.push({
        name: index.name,
        compression,
        size: packed.length,
        sha256,
        open: { size: bytes.length, sha256: hexOf(digestOf(bytes)) },
        file,
      })
    }
  }
  const tops = new Map<string, Buffer>()
  for (const { path, content } of await writer.tops(settings, written, signer))
    tops.set(path, Buffer.isBuffer(content) ? content : readFileSync(content.file))
  for (const [path, bytes] of tops) files.set(path, bytes)
  return { entries, files, tops, open }
}

/** Repositories: what is rendered is parsed back, by the reader of others' repositories too. */
export function repositoryContract(format: Format, fixtures: FormatFixtures): void {
  const { settings } = fixtures
  const place = {
    suite: settings.suite,
    component: settings.component,
    architecture: settings.architectures[0] ?? '',
  }

  async function sample(directory: ReturnType<typeof scratch>, names: readonly string[]): Promise<BuiltRepository> {
    const paths: string[] = []
    for (const name of names) {
      const path = directory.at(`package-${name}`)
      await format.writePackage(path, fixtures.package(name, fixtures.release ?? '1.0-1', SMALL_PAYLOAD))
      paths.push(path)
    }
    return buildRepository(format, paths, { settings, directory: directory.path })
  }

  const indexOf = (built: BuiltRepository): Buffer => {
    const wanted = format.repository.indexes(settings).find(({ part }) => part === fixtures.indexPart)
    const bytes = built.open.get(wanted?.name ?? '')
    if (!bytes) throw new Error(`no index has the part ${fixtures.indexPart}`)
    return bytes
  }

  const topOf = (built: BuiltRepository) => {
    const top = format.upstream.top(place)
    const bytes = built.tops.get(top.path)
    if (!bytes) throw new Error(`no top is written at ${top.path}: ${[...built.tops.keys()].join(', ')}`)
    const text = top.signed === 'inline' ? Buffer.from(clearText(bytes.toString())) : bytes
    return { top, bytes, text }
  }

  test.each([[[]], [['sample']], [['zeta', 'alpha', 'alpha-x', 'beta']]])(
    'a repository of %j reads back',
    async (names) => {
      using directory = scratch()
      const built = await sample(directory, names)
      const records = built.entries.map(({ record }) => record)
      expect(format.parseIndex(indexOf(built))).toEqual(records)
      expect(records.map(({ name }) => name).toSorted()).toEqual([...names].sort())
      for (const { filename, size, sha256 } of records) {
        const file = built.files.get(filename)
        expect(file?.length).toBe(size)
        if (sha256 !== '' && file) expect(hexOf(digestOf(file))).toBe(sha256)
      }
    },
  )

  test('the reader of upstream repositories finds in the top what was written', async () => {
    using directory = scratch()
    const built = await sample(directory, ['one', 'two'])
    const { top, bytes, text } = topOf(built)
    if (top.signature !== undefined) expect([...built.tops.keys()]).toContain(top.signature)
    const head = format.upstream.parseTop(text, place)
    const forms = format.upstream.indexes(head, place)
    if (forms.length === 0) {
      const open = await unpacked(bytes, format.upstream.compressionOf(bytes))
      expect(open.equals(indexOf(built))).toBe(true)
      return
    }
    expect(forms.some(({ compression }) => compression !== 'none' || forms.length === 1)).toBe(true)
    for (const { paths, compression, size, sha256, open } of forms) {
      // The plain form may be named and not lie there: its digest is that of what the others unpack to.
      if (compression === 'none' && forms.length > 1) continue
      expect(paths.length).toBeGreaterThan(0)
      for (const path of paths) {
        const file = built.files.get(path)
        expect(file && { size: file.length, sha256: hexOf(digestOf(file)) }, path).toEqual({ size, sha256 })
        const index = await unpacked(file ?? Buffer.alloc(0), compression)
        expect(index.equals(indexOf(built))).toBe(true)
        if (open) expect(open).toEqual({ size: index.length, sha256: hexOf(digestOf(index)) })
      }
    }
    // What must be kept for clients that hold this top: each file it names is there.
    const named = new Set(format.repository.indexesOf(bytes).map(({ sha256 }) => sha256))
    for (const { sha256 } of forms) expect([...named]).toContain(sha256)
    for (const { path, size, sha256 } of format.repository.indexesOf(bytes)) {
      const file = built.files.get(posix.join(posix.dirname(top.path), path))
      if (file) expect({ size: file.length, sha256: hexOf(digestOf(file)) }, path).toEqual({ size, sha256 })
    }
  })

  test('a damaged index or top is read or refused', async () => {
    using directory = scratch()
    const built = await sample(directory, ['one', 'two'])
    const index = indexOf(built)
    const { text } = topOf(built)
    const damage = (bytes: Buffer) =>
      fc.tuple(fc.nat({ max: bytes.length }), fc.nat({ max: 255 }), fc.boolean()).map(([at, byte, cut]) => {
        const copy = Buffer.from(bytes)
        if (cut) return copy.subarray(0, at)
        copy[at] = byte
        return copy
      })
    const refused = (work: () => void) => {
      try {
        work()
      } catch (error) {
        expect(error instanceof HolotypeError ? error.code : error).toBe('REPOSITORY_MALFORMED')
      }
    }
    fc.assert(
      fc.property(damage(index), (bytes) => refused(() => format.parseIndex(bytes))),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(damage(text), (bytes) =>
        refused(() => format.upstream.indexes(format.upstream.parseTop(bytes, place), place)),
      ),
      { numRuns: 300 },
    )
  })

  test('the key of an entry begins with its name and is its own', () => {
    const { repository } = format
    const base = { ...EMPTY_RECORD, architecture: place.architecture }
    const records = ['lib', 'lib-a', 'lib1'].flatMap((name) =>
      ['1', '2', '10'].map((version) => ({ ...base, name, version })),
    )
    for (const record of records) expect(repository.sortKey(record).startsWith(`${record.name}\0`)).toBe(true)
    expect(new Set(records.map((record) => repository.sortKey(record))).size).toBe(records.length)
  })
}

const EMPTY_RECORD = {
  name: '',
  version: '',
  architecture: '',
  source: '',
  sourceVersion: '',
  essential: false,
  priority: '',
  section: '',
  multiArch: 'no',
  depends: [],
  preDepends: [],
  recommends: [],
  provides: [],
  conflicts: [],
  breaks: [],
  replaces: [],
  size: 0,
  installedSize: 0,
  sha256: '',
  filename: '',
  description: '',
} as const

function unpacked(bytes: Buffer, compression: Compression): Promise<Buffer> {
  return unpack(bytes, { compression, limit: 2 ** 30, what: 'an index' })
}
