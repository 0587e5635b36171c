import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, writeFileAtomic } from '@holotype/base'
import { fail } from './errors.ts'
import { HOME_FILE_BYTES } from './limits.ts'

/** The state directory of a distribution on this machine: what is in it, by use. All absolute when `home` is. */
export interface Home {
  readonly directory: string
  /** Blobs, trees, packs. */
  readonly store: string
  /** Private keys, mode 0700. */
  readonly keys: string
  /** The published static files. */
  readonly site: string
  /** Exported images, as they are handed out: by name, then by digest. */
  readonly exports: string
  /** Builds and their logs. */
  readonly builds: string
  /** The server's own state: the embedded database. */
  readonly server: string
  /** Scratch space on the same file system as the store. */
  readonly work: string
  readonly operatorToken: string
  readonly serverAddress: string
}

/** The layout below a state directory. Makes nothing. */
export function homeAt(directory: string): Home {
  return {
    directory,
    store: join(directory, 'store'),
    keys: join(directory, 'keys'),
    site: join(directory, 'site'),
    exports: join(directory, 'exports'),
    builds: join(directory, 'builds'),
    server: join(directory, 'server'),
    work: join(directory, 'work'),
    operatorToken: join(directory, 'operator-token'),
    serverAddress: join(directory, 'server-address'),
  }
}

/** The operator's token, or undefined where there is none. @throws TOKEN_EXPOSED when others may read its file */
export function readOperatorToken(home: Home): string | undefined {
  return readToken(home.operatorToken)
}

/** A token in a file of its own, or undefined where there is none. @throws TOKEN_EXPOSED when others may read it */
export function readToken(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false })
  if (!facts) return undefined
  if ((facts.mode & 0o077) !== 0) throw fail('TOKEN_EXPOSED', { what: `${path} can be read by others than its owner` })
  return readSmall(path)
}

/** The operator's token; makes one of 256 random bits, readable by its owner alone, where there is none. For `serve`. */
export function ensureOperatorToken(home: Home): string {
  const present = readOperatorToken(home)
  if (present !== undefined) return present
  mkdirSync(home.directory, { recursive: true })
  const token = randomBytes(32).toString('hex')
  writeFileAtomic(home.operatorToken, `${token}\n`, 0o600)
  return token
}

/** Tells other commands where the server listens. For `serve`; undone with {@link forgetServerAddress}. */
export function rememberServerAddress(home: Home, address: string): void {
  mkdirSync(home.directory, { recursive: true })
  writeFileAtomic(home.serverAddress, `${address}\n`)
}

export function forgetServerAddress(home: Home): void {
  rmSync(home.serverAddress, { force: true })
}

/** Where the server of this state directory listens, or undefined when none was started. */
export function readServerAddress(home: Home): string | undefined {
  return readSmall(home.serverAddress)
}

function readSmall(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').slice(0, HOME_FILE_BYTES).trim() || undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
