import { readdirSync, statSync } from 'node:fs'
import { compareText, failBase, isErrorCode } from '@holotype/base'
import { fail } from '../errors.ts'
import { INSTALLED_BYTES } from '../limits.ts'
import { pathInRoot, readRegular } from '../root-path.ts'
import type { InstalledPackage } from '../types.ts'
import { fieldOf, parseStanzas, type Stanza } from './control.ts'

/** The states in which a package has files on disk (dpkg(1), "Package states"). */
const WITH_FILES = new Set([
  'installed',
  'half-installed',
  'unpacked',
  'half-configured',
  'triggers-awaited',
  'triggers-pending',
])

/**
 * The packages that dpkg's database in a root holds: `var/lib/dpkg/status`, and `status.d/` as images without dpkg have it. Packages that
 * left only configuration behind are not among them. Sorted by name, then architecture; empty if the root has no such database.
 * @throws INSTALLED_MALFORMED
 */
export function readInstalled(root: string): InstalledPackage[] {
  const files = databaseFiles(root)
  const found = files.flatMap((file) => read(file).flatMap((stanza) => packageOf(stanza, file)))
  return found.sort((a, b) => compareText(a.name, b.name) || compareText(a.architecture, b.architecture))
}

function databaseFiles(root: string): string[] {
  const status = pathInRoot(root, 'var/lib/dpkg/status')
  const directory = pathInRoot(root, 'var/lib/dpkg/status.d')
  const parts = directory && statSync(directory).isDirectory() ? readdirSync(directory).sort() : []
  return [
    ...(status === undefined ? [] : [status]),
    // Beside each package's stanza such images keep its md5sums.
    ...parts
      .filter((name) => !name.endsWith('.md5sums'))
      .flatMap((name) => pathInRoot(root, `var/lib/dpkg/status.d/${name}`) ?? []),
  ]
}

function read(file: string): Stanza[] {
  let text: string
  try {
    text = readRegular(file, INSTALLED_BYTES).toString('utf8')
  } catch (error) {
    throw failBase('FILE_UNREADABLE', { what: `cannot read ${file}`, cause: error })
  }
  try {
    return parseStanzas(text)
  } catch (error) {
    if (isErrorCode(error, 'CONTROL_MALFORMED')) throw malformed(file, error.message, error)
    throw error
  }
}

function packageOf(stanza: Stanza, file: string): InstalledPackage[] {
  const name = fieldOf(stanza, 'Package')
  if (name === undefined) throw malformed(file, 'a stanza names no package')
  // In status.d/ what is there is installed.
  const status = fieldOf(stanza, 'Status') ?? 'install ok installed'
  const [, , state = '', ...rest] = status.split(/\s+/)
  if (state === '' || rest.length > 0) throw malformed(file, `${name} has the status "${status}"`)
  if (!WITH_FILES.has(state)) return []
  const version = fieldOf(stanza, 'Version')
  const architecture = fieldOf(stanza, 'Architecture')
  if (version === undefined || architecture === undefined)
    throw malformed(file, `${name} has no version or architecture`)
  // `name (version)`
  const [source = name] = (fieldOf(stanza, 'Source') ?? name).split('(', 1)
  return [{ name, version, architecture, source: source.trimEnd(), state }]
}

function malformed(file: string, what: string, cause?: unknown): Error {
  return fail('INSTALLED_MALFORMED', { what: `${file}: ${what}`, cause })
}
