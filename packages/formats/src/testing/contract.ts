import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { HolotypeError } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Format, PackageToWrite, PayloadEntry, RepositorySigner, RepositoryToWrite } from '../types.ts'
import { scratch } from './tools.ts'

/** What a member of the family brings to be held against the contract. */
export interface FormatFixtures {
  /** Version strings that the format allows, with many that are near each other. */
  readonly version: fc.Arbitrary<string>
  /** Versions in strictly ascending order. */
  readonly ascending: readonly string[]
  /** The operators from "earlier" to "later": earlier, earlier or equal, equal, later or equal, later. */
  readonly operators: readonly [string, string, string, string, string]
  /** A package of this name, version and payload with all its format demands. */
  package(name: string, version: string, payload: PackageToWrite['payload']): PackageToWrite
  /** A repository of these package files; `indexPath` is where its first uncompressed index lies below the base. */
  repository(packages: RepositoryToWrite['packages']): RepositoryToWrite
  readonly indexPath: string
  fileName(name: string, version: string): string
}

/** A signer that signs nothing: for what does not look at signatures. */
export const noSigner: RepositorySigner = {
  clearSign: async (text) =>
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${text}-----BEGIN PGP SIGNATURE-----\n\nnone\n-----END PGP SIGNATURE-----\n`,
  detachSign: async () => '-----BEGIN PGP SIGNATURE-----\n\nnone\n-----END PGP SIGNATURE-----\n',
}

/** Reads a package whole: its payload with the files' bytes. */
export async function readWhole(
  format: Format,
  path: string,
): Promise<{ payload: (PayloadEntry & { bytes?: Buffer })[]; file: Awaited<ReturnType<Format['readPackage']>> }> {
  const payload: (PayloadEntry & { bytes?: Buffer })[] = []
  const file = await format.readPackage(path, async (entry, content) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    payload.push(entry.type === 'file' ? { ...entry, bytes: Buffer.concat(chunks) } : entry)
  })
  return { payload, file }
}

const CLEAN_FAILURES = ['PACKAGE_MALFORMED', 'PACKAGE_TRUNCATED', 'PACKAGE_TOO_LARGE']

const root = { mode: 0o755, uid: 0, gid: 0, owner: 'root', group: 'root', mtime: 1_700_000_000, size: 0 }
const part = fc.stringMatching(/^[a-zA-Z0-9_äλ+ -]{1,40}$/)
const mode = fc.integer({ min: 0, max: 0o7777 })

/** Payloads of directories, files and symbolic links, parents before children. */
const payload: fc.Arbitrary<PackageToWrite['payload']> = fc
  .array(
    fc.tuple(
      fc.array(part, { minLength: 1, maxLength: 6 }),
      mode,
      fc.oneof(fc.uint8Array({ maxLength: 2000 }), fc.constant('link' as const)),
    ),
    { maxLength: 12 },
  )
  .map((members) => {
    const out = new Map<string, PayloadEntry & { bytes?: Uint8Array }>([['', { ...root, path: '', type: 'directory' }]])
    for (const [parts, bits, content] of members) {
      // A letter in front tells directories from leaves, so that no path is both.
      const names = parts.map((name, index) => `${index === parts.length - 1 ? 'f' : 'd'}${name}`)
      for (let length = 1; length < names.length; length++) {
        const path = names.slice(0, length).join('/')
        if (!out.has(path)) out.set(path, { ...root, path, type: 'directory' })
      }
      const path = names.join('/')
      if (content === 'link') out.set(path, { ...root, path, type: 'symlink', mode: 0o777, target: `../${path}` })
      else out.set(path, { ...root, path, type: 'file', mode: bits, size: content.length, bytes: Buffer.from(content) })
    }
    return [...out.values()]
  })

/** What every format promises, whichever it is. Each member of the family runs it in its own test file. */
export function formatContract(format: Format, fixtures: FormatFixtures): void {
  const small = [
    { ...root, path: '', type: 'directory' },
    { ...root, path: 'usr', type: 'directory' },
    { ...root, path: 'usr/hello', type: 'file', size: 5, bytes: Buffer.from('hello') },
    { ...root, path: 'usr/again', type: 'hardlink', target: 'usr/hello' },
  ] as const satisfies PackageToWrite['payload']

  describe(`the contract of a package format: ${format.name}`, () => {
    test('versions are totally ordered', () => {
      const { version } = fixtures
      fc.assert(
        fc.property(version, version, version, (a, b, c) => {
          expect(format.compareVersions(a, a)).toBe(0)
          expect(format.compareVersions(a, b) + format.compareVersions(b, a)).toBe(0)
          const [first, second, third] = [a, b, c].sort(format.compareVersions)
          if (first === undefined || second === undefined || third === undefined) throw new Error('three are given')
          expect(format.compareVersions(first, third)).toBeLessThanOrEqual(0)
          expect(format.compareVersions(first, second)).toBeLessThanOrEqual(0)
        }),
      )
      for (const [index, version] of fixtures.ascending.entries())
        for (const [other, later] of fixtures.ascending.entries())
          expect(format.compareVersions(version, later), `${version} ${later}`).toBe(Math.sign(index - other) + 0)
    })

    test('relations between versions agree with their order', () => {
      const [earlier, atMost, equal, atLeast, later] = fixtures.operators
      fc.assert(
        fc.property(fixtures.version, fixtures.version, (a, b) => {
          const order = format.compareVersions(a, b)
          expect(format.satisfies(a, earlier, b)).toBe(order < 0)
          expect(format.satisfies(a, atMost, b)).toBe(order <= 0)
          expect(format.satisfies(a, equal, b)).toBe(order === 0)
          expect(format.satisfies(a, atLeast, b)).toBe(order >= 0)
          expect(format.satisfies(a, later, b)).toBe(order > 0)
        }),
      )
      expect(() => format.satisfies('1', '~=', '1')).toThrow(expect.objectContaining({ code: 'RELATION_MALFORMED' }))
    })

    test('what is written is read back, and the same input gives the same bytes', async () => {
      using directory = scratch()
      await fc.assert(
        fc.asyncProperty(payload, async (members) => {
          const content = fixtures.package('sample', '1.0-1', members)
          await format.writePackage(directory.at('a'), content)
          await format.writePackage(directory.at('b'), content)
          const bytes = readFileSync(directory.at('a'))
          expect(bytes.equals(readFileSync(directory.at('b')))).toBe(true)
          const { payload: back, file } = await readWhole(format, directory.at('a'))
          expect(back).toEqual(members)
          expect(file.fields).toEqual(content.fields)
          for (const [name, member] of content.control) expect(file.control.get(name)).toEqual(member)
          expect(file.record).toMatchObject({ name: 'sample', version: '1.0-1', size: bytes.length, filename: '' })
        }),
        { numRuns: 25 },
      )
    })

    test('a visitor may leave content unread, and its own error comes out as it is', async () => {
      using directory = scratch()
      await format.writePackage(directory.at('p'), fixtures.package('sample', '1', small))
      const paths: string[] = []
      await format.readPackage(directory.at('p'), (entry) => void paths.push(entry.path))
      expect(paths).toEqual(small.map(({ path }) => path))
      const mine = new Error('mine')
      await expect(
        format.readPackage(directory.at('p'), () => {
          throw mine
        }),
      ).rejects.toBe(mine)
    })

    test('a package cut short anywhere fails cleanly', async () => {
      using directory = scratch()
      await format.writePackage(directory.at('p'), fixtures.package('sample', '1', small))
      const bytes = readFileSync(directory.at('p'))
      for (let length = 0; length < bytes.length; length += 1 + Math.floor(bytes.length / 150)) {
        writeFileSync(directory.at('cut'), bytes)
        truncateSync(directory.at('cut'), length)
        const error = await readWhole(format, directory.at('cut')).then(
          () => undefined,
          (error: unknown) => error,
        )
        expect(error, `cut after ${length} of ${bytes.length}`).toBeInstanceOf(HolotypeError)
        expect(CLEAN_FAILURES).toContain(error instanceof HolotypeError ? error.code : '')
      }
    })

    test('a package with flipped bytes is read or fails cleanly', async () => {
      using directory = scratch()
      await format.writePackage(directory.at('p'), fixtures.package('sample', '1', small))
      const bytes = readFileSync(directory.at('p'))
      await fc.assert(
        fc.asyncProperty(
          fc.nat({ max: bytes.length - 1 }),
          fc.integer({ min: 1, max: 255 }),
          async (offset, difference) => {
            const damaged = Buffer.from(bytes)
            damaged[offset] = (damaged[offset] ?? 0) ^ difference
            writeFileSync(directory.at('bad'), damaged)
            const error = await readWhole(format, directory.at('bad')).then(
              () => undefined,
              (error: unknown) => error,
            )
            if (error !== undefined)
              expect(CLEAN_FAILURES, error instanceof Error ? error.message : 'no error').toContain(
                error instanceof HolotypeError ? error.code : '',
              )
          },
        ),
        { numRuns: 150 },
      )
    })

    test('a published package is in the index, with its file where the index says', async () => {
      using directory = scratch()
      const published = []
      for (const name of ['zeta', 'alpha']) {
        const path = directory.at(name)
        await format.writePackage(path, fixtures.package(name, '1.0-1', small))
        const { record, fields } = await format.readPackage(path)
        published.push({ record: { ...record, filename: fixtures.fileName(name, '1.0-1') }, fields, path })
      }
      const base = directory.at('site')
      await format.writeRepository(base, fixtures.repository(published), noSigner)
      const records = format.parseIndex(readFileSync(`${base}/${fixtures.indexPath}`))
      expect(records).toEqual(published.map(({ record }) => record).toReversed())
      for (const { filename, size } of records) expect(statSync(`${base}/${filename}`).size).toBe(size)
    })

    test('a root without a database has nothing installed', () => {
      using directory = scratch()
      expect(existsSync(directory.path)).toBe(true)
      expect(format.readInstalled(directory.path)).toEqual([])
    })
  })
}
