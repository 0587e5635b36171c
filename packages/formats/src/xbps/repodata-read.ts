import { isErrorCode } from '@holotype/base'
import { tarFiles } from '../archive/tar-memory.ts'
import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import type { PackageRecord } from '../types.ts'
import { integerOf, parsePlist, type PlistDictionary } from './plist.ts'
import { plistScanner, type PlistScanner, type PlistToken } from './plist-scanner.ts'
import {
  LIST_PROPERTIES,
  NUMBER_PROPERTIES,
  type RecordProperties,
  recordOf,
  sharedParts,
  TEXT_PROPERTIES,
} from './record.ts'

/** A repository's data: `ARCH-repodata`, decompressed. */
export interface Repodata {
  readonly packages: PackageRecord[]
  /** index-meta.plist: the key that package files are signed with. Empty where they are not. */
  readonly meta: PlistDictionary
}

const MEMBERS = ['index.plist', 'index-meta.plist', 'stage.plist']
/** What stands in place of a member that is empty, in repositories written before 2014. */
const NOTHING = 'DEADBEEF'

/**
 * Parses a repository's data: a tar with index.plist, index-meta.plist and stage.plist, in this order; the last may be missing. Packages that
 * are staged are not in the repository yet and are not listed.
 * @throws REPOSITORY_MALFORMED
 */
export function parseRepodata(input: Uint8Array): Repodata {
  if (input.length > INDEX_BYTES) throw malformed(`the repodata is larger than INDEX_BYTES, ${INDEX_BYTES} bytes`)
  const members = membersOf(Buffer.from(input.buffer, input.byteOffset, input.byteLength))
  const [index, meta] = members
  if (!index || !meta) throw malformed(`the repodata has no ${MEMBERS[members.length]}`)
  return {
    packages: index.length === 0 ? [] : parsePackages(index),
    meta:
      meta.length === 0 || meta.equals(Buffer.from(NOTHING))
        ? new Map()
        : parsePlist(meta, inMember('index-meta.plist')),
  }
}

/** Every package of a repodata. @throws REPOSITORY_MALFORMED */
export function parseIndex(input: Uint8Array): PackageRecord[] {
  return parseRepodata(input).packages
}

function membersOf(archive: Buffer): Buffer[] {
  const members: Buffer[] = []
  try {
    for (const { path, bytes } of tarFiles(archive)) {
      if (path !== MEMBERS[members.length])
        throw malformed(
          `the repodata has ${JSON.stringify(path.slice(0, 100))} where ${MEMBERS[members.length] ?? 'nothing'} should be`,
        )
      members.push(bytes)
    }
  } catch (error) {
    if (isErrorCode(error, 'PACKAGE_MALFORMED') || isErrorCode(error, 'PACKAGE_TOO_LARGE'))
      throw malformed(`the repodata is no sound archive: ${error.message}`, error)
    throw error
  }
  return members
}

function parsePackages(bytes: Buffer): PackageRecord[] {
  const scanner = plistScanner(bytes, inMember('index.plist'))
  const complain = (what: string, cause?: unknown) => malformed(`index.plist: ${what}`, cause)
  const shared = sharedParts()
  const strings: Strings = new Map()
  // Of a name that comes twice the last is the package, as in xbps.
  const packages = new Map<string, PackageRecord>()
  if (scanner.next() !== 'dict') throw scanner.complain('expected <dict>')
  while (scanner.next() !== 'end') {
    const name = scanner.text()
    if (scanner.next() !== 'dict') throw scanner.complain(`${name} is no dict`)
    const record = recordOf(readProperties(scanner, strings), complain, shared)
    if (record.name !== name) throw scanner.complain(`${record.name} is listed as ${name}`)
    packages.set(name, record)
  }
  scanner.next()
  return [...packages.values()]
}

/** Strings met before, by how they are written. */
type Strings = Map<string, string>

const TEXTS = new Map<string, (typeof TEXT_PROPERTIES)[number]>(TEXT_PROPERTIES.map((name) => [name, name]))
const NUMBERS = new Map<string, (typeof NUMBER_PROPERTIES)[number]>(NUMBER_PROPERTIES.map((name) => [name, name]))
const LISTS = new Map<string, (typeof LIST_PROPERTIES)[number]>(LIST_PROPERTIES.map((name) => [name, name]))

/** Reads a package's dict; what a record does not need is passed over and never made. */
function readProperties(scanner: PlistScanner, strings: Strings): RecordProperties {
  const properties: RecordProperties = {}
  while (scanner.next() !== 'end') {
    const key = scanner.raw()
    const text = TEXTS.get(key)
    const list = LISTS.get(key)
    const number = NUMBERS.get(key)
    const token = scanner.next()
    if (text !== undefined) properties[text] = textOf(scanner, token)
    else if (list !== undefined) properties[list] = listOf(scanner, token, strings)
    else if (number !== undefined) properties[number] = sizeOf(scanner, token)
    else scanner.skip(token)
  }
  return properties
}

function textOf(scanner: PlistScanner, token: PlistToken): string {
  if (token !== 'string') throw scanner.complain('expected <string>')
  return scanner.text()
}

function listOf(scanner: PlistScanner, token: PlistToken, strings: Strings): string[] {
  if (token !== 'array') throw scanner.complain('expected <array>')
  const values: string[] = []
  for (let item = scanner.next(); item !== 'end'; item = scanner.next()) {
    if (item !== 'string') throw scanner.complain('expected <string>')
    const raw = scanner.raw()
    let value = strings.get(raw)
    if (value === undefined) {
      value = scanner.text()
      strings.set(raw, value)
    }
    values.push(value)
  }
  return values
}

function sizeOf(scanner: PlistScanner, token: PlistToken): number {
  const value = token === 'integer' ? integerOf(scanner) : -1
  if (typeof value !== 'number' || value < 0) throw scanner.complain('expected a size in bytes')
  return value
}

function inMember(name: string): (what: string, cause?: unknown) => Error {
  return (what, cause) => malformed(`${name}: ${what}`, cause)
}

function malformed(what: string, cause?: unknown): Error {
  return fail('REPOSITORY_MALFORMED', { what, cause })
}
