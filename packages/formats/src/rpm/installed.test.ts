import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { compareText, run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { InstalledPackage } from '../types.ts'
import { readInstalled } from './installed.ts'
import { adler32 } from './rpmdb/adler.ts'
import { bdbBlobs } from './rpmdb/bdb.ts'
import { ndbBlobs } from './rpmdb/ndb.ts'
import { ndbDatabase } from './rpmdb/testing.ts'

/*
 * One set of packages in each form of the database, made of the headers that rpm 4.18 had put into its SQLite form: `Packages.db` by rpm's
 * own ndb code (a package deleted and put again, so that a slot is reused), `Packages` by db_load of Berkeley DB 5.3. Both hold a key.
 */
const sample = (file: string) => gunzipSync(readFileSync(new URL(`rpmdb/testdata/${file}.gz`, import.meta.url)))

/** `rpm -qa --qf '%{name} %{evr} %{arch} %{vendor}'` of the three. */
const INSTALLED = [
  ['big', '3:1.0~rc1-1.fc40', 'noarch', 'big', 'Packager <packager@example.org>'],
  ['hello', '2.10-3', 'x86_64', 'hello', 'Example Inc'],
  ['hello-libs', '2:2.10-3', 'x86_64', 'hello', 'Example Inc'],
  ['hello-none', '2.10-3', 'noarch', 'hello', 'Example Inc'],
].map(([name, version, architecture, source, origin]) => ({
  name,
  version,
  architecture,
  source,
  state: 'installed',
  origin,
}))

function put(root: ReturnType<typeof scratch>, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(root.at(path)), { recursive: true })
  writeFileSync(root.at(path), bytes)
}

/** rpm's headers in an SQLite database of rpm's form. */
function sqlite(file: string, blobs: Iterable<Buffer>): void {
  const database = new DatabaseSync(file)
  database.exec("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
  const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)')
  for (const blob of blobs) insert.run(blob)
  database.close()
}

const never = (what: string) => new Error(what)

describe("rpm's database", () => {
  test.each(['Packages.db', 'Packages'])('%s is read; the key is left out', (file) => {
    using root = scratch()
    put(root, `var/lib/rpm/${file}`, sample(file))
    expect(readInstalled(root.path)).toEqual(INSTALLED)
  })

  test('the new place counts before the old, and the old may be a link to it', () => {
    using root = scratch()
    put(root, 'usr/lib/sysimage/rpm/Packages.db', sample('Packages.db'))
    mkdirSync(root.at('var/lib'), { recursive: true })
    symlinkSync('../../usr/lib/sysimage/rpm', root.at('var/lib/rpm'))
    expect(readInstalled(root.path)).toEqual(INSTALLED)
  })

  test("dnf's history tells the repository", () => {
    using root = scratch()
    mkdirSync(root.at('var/lib/rpm'), { recursive: true })
    sqlite(root.at('var/lib/rpm/rpmdb.sqlite'), ndbBlobs(sample('Packages.db'), never))
    mkdirSync(root.at('var/lib/dnf'), { recursive: true })
    const history = new DatabaseSync(root.at('var/lib/dnf/history.sqlite'))
    history.exec(`
      CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT NOT NULL);
      CREATE TABLE rpm (item_id INTEGER, name TEXT, epoch INTEGER, version TEXT, release TEXT, arch TEXT);
      CREATE TABLE trans_item (id INTEGER PRIMARY KEY, item_id INTEGER, repo_id INTEGER, action INTEGER, state INTEGER);
      INSERT INTO repo VALUES (1, 'fedora'), (2, 'updates');
      INSERT INTO rpm VALUES (1, 'big', 3, '1.0~rc1', '1.fc40', 'noarch'), (2, 'hello', 0, '2.10', '3', 'x86_64');
      INSERT INTO trans_item VALUES (1, 1, 1, 1, 1), (2, 1, 2, 9, 1), (3, 2, 1, 1, 1), (4, 2, 2, 8, 1), (5, 2, 2, 6, 3);`)
    history.close()
    const origins = new Map(readInstalled(root.path).map(({ name, origin }) => [name, origin]))
    expect(origins.get('big')).toBe('updates')
    expect(origins.get('hello')).toBe('fedora')
    expect(origins.get('hello-libs')).toBe('Example Inc')
  })

  test.each([
    ['Packages.db', 0, 'RpmP'],
    ['Packages.db', 12, 'pages of slots'],
    ['Packages.db', 0x24, 'has no head'],
    ['Packages.db', 0x2a, 'names bytes'],
    ['Packages.db', 0x1100, 'has the checksum'],
    ['Packages', 12, 'no hash of Berkeley DB'],
    ['Packages', 16, 'version'],
    ['Packages', 21, 'power of two'],
    ['Packages', 24, 'encrypted'],
  ])('%s changed at byte %i is refused', (file, at, why) => {
    using root = scratch()
    const bytes = sample(file)
    bytes[at] = (bytes[at] ?? 0) ^ 0x81
    put(root, `var/lib/rpm/${file}`, bytes)
    const wanted = expect.objectContaining({ code: 'INSTALLED_MALFORMED', message: expect.stringContaining(why) })
    expect(() => readInstalled(root.path)).toThrow(wanted)
  })

  test('what is neither of the forms is refused', () => {
    for (const file of ['rpmdb.sqlite', 'Packages.db', 'Packages']) {
      using root = scratch()
      put(root, `var/lib/rpm/${file}`, Buffer.alloc(8192, 'x'))
      expect(() => readInstalled(root.path)).toThrow(expect.objectContaining({ code: 'INSTALLED_MALFORMED' }))
    }
  })

  test('ndb: blobs of any length come back, and none with a byte changed', () => {
    const blobs = fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(blobs, fc.nat(), fc.integer({ min: 1, max: 255 }), (arrays, place, change) => {
        const bytes = ndbDatabase(arrays.map((array) => Buffer.from(array)))
        expect([...ndbBlobs(bytes, never)].map((blob) => Buffer.from(blob))).toEqual(
          arrays.map((array) => Buffer.from(array)),
        )
        const at = 4096 + (place % (bytes.length - 4096))
        bytes[at] = (bytes[at] ?? 0) ^ change
        expect(() => [...ndbBlobs(bytes, never)]).toThrow(/at byte/)
      }),
    )
  })

  test('Adler-32 of what others have computed', () => {
    expect(adler32(Buffer.from('Wikipedia'))).toBe(0x11e60398)
    expect(adler32(Buffer.alloc(100_000, 0xff))).toBe(0x149a_302c)
    expect(adler32(Buffer.of())).toBe(1)
  })
})

/** What rpm says of a database, in the order of `readInstalled`. */
async function rpmSays(argv: readonly string[]): Promise<string[]> {
  const format = String.raw`%{name} %{evr} %{arch}\n`
  const { stdout } = await run(['rpm', ...argv, '-qa', '--qf', format])
  const lines = stdout.toString().trim().split('\n')
  return lines.filter((line) => !line.startsWith('gpg-pubkey ')).sort(compareText)
}

const lines = (packages: readonly InstalledPackage[]) =>
  packages.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`)

describe.skipIf(!haveTools('rpm'))(`rpm's database as rpm has it${skipReason('rpm')}`, () => {
  test("Berkeley DB's form", async () => {
    using root = scratch()
    put(root, 'var/lib/rpm/Packages', sample('Packages'))
    const said = await rpmSays(['--define', '_db_backend bdb_ro', '--dbpath', root.at('var/lib/rpm')])
    expect(said).toHaveLength(INSTALLED.length)
    expect(lines(readInstalled(root.path))).toEqual(said)
  })

  test("the SQLite form, of ndb's headers", async () => {
    using root = scratch()
    mkdirSync(root.at('var/lib/rpm'), { recursive: true })
    sqlite(root.at('var/lib/rpm/rpmdb.sqlite'), ndbBlobs(sample('Packages.db'), never))
    // rpm makes the indexes, which we do not need, anew.
    await run(['rpmdb', '--dbpath', root.at('var/lib/rpm'), '--rebuilddb'])
    const said = await rpmSays(['--dbpath', root.at('var/lib/rpm')])
    expect(said).toHaveLength(INSTALLED.length)
    expect(lines(readInstalled(root.path))).toEqual(said)
  })
})

describe.skipIf(!haveTools('db5.3_load'))(`Berkeley DB's own tool${skipReason('db5.3_load')}`, () => {
  test.each([
    ['1234', 512],
    ['1234', 65_536],
    ['4321', 4096],
  ])('a hash in byte order %s with pages of %i bytes', async (order, pageSize) => {
    using root = scratch()
    const values = [...bdbBlobs(sample('Packages'), never)]
    const many = Array.from({ length: 200 }, (_, at) => values[at % values.length] ?? Buffer.of())
    const rows = many.map((blob, at) => ` ${(at + 1).toString(16).padStart(8, '0')}\n ${blob.toString('hex')}\n`)
    const dump = `VERSION=3\nformat=bytevalue\ntype=hash\ndb_lorder=${order}\ndb_pagesize=${pageSize}\nHEADER=END\n${rows.join('')} 00000000\n 00000001\nDATA=END\n`
    writeFileSync(root.at('dump'), dump)
    await run(['db5.3_load', '-f', root.at('dump'), root.at('Packages')])
    const read = [...bdbBlobs(readFileSync(root.at('Packages')), never)]
    const sorted = (blobs: readonly Buffer[]) => blobs.map((blob) => blob.toString('hex')).sort()
    expect(sorted(read)).toEqual(sorted(many))
  })
})
