import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf, syncDirectory, writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import { KEY_FILE_BYTES } from '../limits.ts'

/** Bits of group and others. */
const NOT_OWNER = 0o077
const OTHERS_WRITE = 0o022

/** Makes the keyring's directory, mode 0700, or checks the one that is there. @throws KEY_PERMISSIONS */
export function makeKeyDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  checkKeyDirectory(directory)
}

/** @throws KEY_MISSING, KEY_PERMISSIONS */
export function checkKeyDirectory(directory: string): void {
  let stat: ReturnType<typeof lstatSync>
  try {
    stat = lstatSync(directory)
  } catch (error) {
    throw fail('KEY_MISSING', { what: `there is no keyring at ${directory}`, cause: error })
  }
  if (!stat.isDirectory()) throw fail('KEY_PERMISSIONS', { what: `the keyring ${directory} is not a directory` })
  checkOwned(stat, directory)
}

/**
 * A private key's text. Checked on the opened file, so that nothing can be exchanged between check and read; links are not followed.
 * @throws KEY_MISSING, KEY_PERMISSIONS, KEY_MALFORMED
 */
export function readKeyFile(path: string): string {
  const file = openKeyFile(path)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw fail('KEY_PERMISSIONS', { what: `the key ${path} is not a plain file` })
    checkOwned(stat, path)
    if (stat.size > KEY_FILE_BYTES) throw fail('KEY_MALFORMED', { what: `the key ${path} is too large to be one` })
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** A program that signs: ours or the system's, and nobody else can change it. @throws KEY_MISSING, KEY_PERMISSIONS */
export function checkProgram(path: string): void {
  let stat: ReturnType<typeof statSync>
  try {
    stat = statSync(path)
  } catch (error) {
    throw fail('KEY_MISSING', { what: `there is no program ${path}`, cause: error })
  }
  if (!stat.isFile() || (stat.mode & 0o100) === 0)
    throw fail('KEY_PERMISSIONS', { what: `${path} is no program that can be started` })
  if ((stat.mode & OTHERS_WRITE) !== 0 || (stat.uid !== 0 && stat.uid !== process.geteuid?.()))
    throw fail('KEY_PERMISSIONS', { what: `${path} can be changed by others than its owner, or is another user's` })
}

/** Durable before it returns: what is signed with a key that a power cut then loses could never be replaced. */
export function writeKeyFile(path: string, text: string): void {
  writeFileAtomic(path, text, 0o600)
}

/** Puts a key file in the place of another, durably. */
export function replaceKeyFile(from: string, to: string): void {
  renameSync(from, to)
  syncDirectory(dirname(to))
}

/** Removes a file of a key, where there is one, durably. */
export function removeKeyFile(path: string): void {
  rmSync(path, { force: true })
  syncDirectory(dirname(path))
}

function openKeyFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') throw fail('KEY_PERMISSIONS', { what: `the key ${path} is a symbolic link` })
    if (errnoOf(error) === 'ENOENT') throw fail('KEY_MISSING', { what: `there is no key ${path}`, cause: error })
    throw fail('KEY_PERMISSIONS', { what: `the key ${path} cannot be opened`, cause: error })
  }
}

function checkOwned(stat: { readonly mode: number; readonly uid: number }, path: string): void {
  if ((stat.mode & NOT_OWNER) !== 0)
    throw fail('KEY_PERMISSIONS', {
      what: `${path} has mode ${(stat.mode & 0o777).toString(8).padStart(4, '0')}: others than its owner can use it`,
    })
  const own = process.geteuid?.()
  if (own !== undefined && stat.uid !== own)
    throw fail('KEY_PERMISSIONS', { what: `${path} belongs to user ${stat.uid}, not to user ${own} who runs this` })
}
