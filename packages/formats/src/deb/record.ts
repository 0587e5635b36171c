import { isErrorCode } from '@holotype/base'
import { confinedPath } from '../archive/path.ts'
import type { PackageRecord } from '../types.ts'
import type { Stanza } from './control.ts'
import { parseDependencies, parseRelations, type RelationCache } from './relation.ts'

/** The fields a record is made of; a field's place here is its slot in {@link FieldValues}. */
export const RECORD_FIELDS = [
  'Package',
  'Version',
  'Architecture',
  'Source',
  'Essential',
  'Priority',
  'Section',
  'Multi-Arch',
  'Depends',
  'Pre-Depends',
  'Recommends',
  'Provides',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Size',
  'Installed-Size',
  'SHA256',
  'Filename',
  'Description',
] as const

/** Values by slot. */
export type FieldValues = readonly (string | undefined)[]

const SLOT = Object.fromEntries(RECORD_FIELDS.map((name, index) => [name, index]))
/** The slot of each field by its name in lower case: field names are written in any case. */
export const SLOT_BY_LOWER_NAME: ReadonlyMap<string, number> = new Map(
  Object.entries(SLOT).map(([name, slot]) => [name.toLowerCase(), slot]),
)

/** deb-src-control(5): names are lower case; older and foreign archives hold upper case, so it is let pass. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9+.-]*$/
const VERSION = /^[A-Za-z0-9.+:~-]+$/
const ARCHITECTURE = /^[a-z0-9][a-z0-9-]*$/
const SOURCE = /^([A-Za-z0-9][A-Za-z0-9+.-]*)(?:\s*\(([A-Za-z0-9.+:~-]+)\))?$/
const SHA256 = /^[0-9a-f]{64}$/

/** Makes the error a malformed record ends in; which code it has depends on where the record was found. */
export type Complain = (what: string, cause?: unknown) => Error

export interface RecordOptions {
  readonly complain: Complain
  readonly cache?: RelationCache
}

/**
 * A record from its fields' values. `description` is the synopsis, the first line.
 * @throws whatever `complain` makes
 */
export function recordOf(values: FieldValues, { complain, cache }: RecordOptions): PackageRecord {
  const [name, version, architecture, sourceText] = values
  if (name === undefined || !NAME.test(name)) throw complain(`"${name ?? ''}" is no package name`)
  if (version === undefined || !VERSION.test(version) || !epochHolds(version))
    throw complain(`${name}: "${version ?? ''}" is no version`)
  if (architecture === undefined || !ARCHITECTURE.test(architecture))
    throw complain(`${name}: "${architecture ?? ''}" is no architecture`)
  const source = sourceText === undefined ? undefined : SOURCE.exec(sourceText)
  if (source === null) throw complain(`${name}: "${sourceText}" is no source`)
  const sha256 = values[17] ?? ''
  if (sha256 !== '' && !SHA256.test(sha256)) throw complain(`${name}: "${sha256}" is no SHA-256`)
  const filename = values[18] ?? ''
  if (filename !== '') confinedFilename(filename, complain)
  try {
    return {
      name,
      version,
      architecture,
      source: source?.[1] ?? name,
      sourceVersion: source?.[2] ?? version,
      essential: values[4] === 'yes',
      priority: values[5] ?? '',
      section: values[6] ?? '',
      multiArch: multiArchOf(values[7]),
      depends: parseDependencies(values[8] ?? '', cache),
      preDepends: parseDependencies(values[9] ?? '', cache),
      recommends: parseDependencies(values[10] ?? '', cache),
      provides: parseRelations(values[11] ?? '', cache),
      conflicts: parseRelations(values[12] ?? '', cache),
      breaks: parseRelations(values[13] ?? '', cache),
      replaces: parseRelations(values[14] ?? '', cache),
      size: whole(values[15], name, complain),
      installedSize: whole(values[16], name, complain),
      sha256,
      filename,
      description: synopsis(values[19]),
    }
  } catch (error) {
    if (isErrorCode(error, 'RELATION_MALFORMED')) throw complain(`${name}: ${error.message}`, error)
    throw error
  }
}

/** dpkg refuses an epoch over INT_MAX (lib/dpkg/parsehelp.c, `parseversion`). */
const MAX_EPOCH = 2_147_483_647

function epochHolds(version: string): boolean {
  const colon = version.indexOf(':')
  return colon < 0 || Number(version.slice(0, colon)) <= MAX_EPOCH
}

/** A stanza's values by slot. */
export function valuesOf(stanza: Stanza): FieldValues {
  const values: (string | undefined)[] = RECORD_FIELDS.map(() => undefined)
  for (const [name, value] of stanza) {
    const slot = SLOT_BY_LOWER_NAME.get(name.toLowerCase())
    if (slot !== undefined) values[slot] = value
  }
  return values
}

function multiArchOf(text: string | undefined): PackageRecord['multiArch'] {
  return text === 'same' || text === 'foreign' || text === 'allowed' ? text : 'no'
}

function synopsis(description: string | undefined): string {
  if (description === undefined) return ''
  const end = description.indexOf('\n')
  return end < 0 ? description : description.slice(0, end)
}

function whole(text: string | undefined, name: string, complain: Complain): number {
  if (text === undefined) return 0
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) throw complain(`${name}: "${text}" is no size`)
  return number
}

/** A Filename is joined to a repository's base: it may not lead out of it. */
function confinedFilename(filename: string, complain: Complain): void {
  const path = confinedPath(filename)
  if (path === undefined || path === '') throw complain(`the path "${filename}" leads outside the repository`)
}
