import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { formats } from '@holotype/formats'
import type { Catalogue } from '../types.ts'

/** The indexes that this machine's apt has, and apt itself as the judge. */

const LISTS = '/var/lib/apt/lists'
const HELPER = '/usr/lib/apt/apt-helper'
const APT_MILLISECONDS = 60_000

export const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'

const indexes = existsSync(LISTS)
  ? readdirSync(LISTS).filter((file) => /_dists_\w+(-updates|-security)?_main_binary-\w+_Packages(\.\w+)?$/.test(file))
  : []

/** Why there is nothing to compare with; '' if there is. */
export const missing = !existsSync(HELPER)
  ? 'this machine has no apt'
  : indexes.length === 0
    ? 'apt has no indexes here'
    : ''

/** Each index as apt has it, unpacked. */
export function indexFiles(): { readonly file: string; readonly bytes: Buffer }[] {
  return indexes.map((file) => ({
    file,
    bytes: execFileSync(HELPER, ['cat-file', `${LISTS}/${file}`], { maxBuffer: 512 * 1024 * 1024 }),
  }))
}

export function cataloguesOf(files: ReturnType<typeof indexFiles>): Catalogue[] {
  const { openIndex } = formats.deb
  if (!openIndex) throw new Error('deb reads no index as it is asked')
  return files.map(({ file, bytes }) => ({ index: openIndex(bytes), from: file, priority: 500 }))
}

/**
 * What apt would install into an empty root, as `name version`; undefined if it refuses. A package to exclude is written `name-`. `scratch` is a
 * directory for apt's cache, which it then makes once.
 */
export async function aptInstalls(
  scratch: string,
  names: readonly string[],
  recommends: boolean,
): Promise<Set<string> | undefined> {
  const status = `${scratch}/status`
  if (!existsSync(status)) writeFileSync(status, '')
  const settings = [`Dir::State::status=${status}`, `Dir::Cache=${scratch}`, 'Debug::NoLocking=1']
  const argv = [
    '-s',
    'install',
    ...settings.flatMap((setting) => ['-o', setting]),
    `--${recommends ? '' : 'no-'}install-recommends`,
  ]
  try {
    const { stdout } = await promisify(execFile)('apt-get', [...argv, ...names], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      maxBuffer: 64 * 1024 * 1024,
      timeout: APT_MILLISECONDS,
    })
    return new Set([...stdout.matchAll(/^Inst (\S+) \((\S+)/gm)].map(([, name, version]) => `${name} ${version}`))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 100) return undefined
    throw error
  }
}
