import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { HolotypeError, writeFileAtomic } from '@holotype/base'
import { fail } from '../errors.ts'
import { TARGET_BYTES } from '../limits.ts'
import { fileName, openCache } from '../verify/cache.ts'
import { digestOfTarget, isNamedBy } from '../verify/checks.ts'
import { findTarget, refreshTopLevel, type TopLevel } from '../verify/find-target.ts'
import { fetchNamed, type Session } from '../verify/refresh.ts'
import { trustedRoot } from '../verify/root-chain.ts'
import { metadataFetch, targetFetch } from './http-fetch.ts'

/*
 * A TUF client for any repository, with the command line that the tuf-conformance suite asks for (its CLIENT-CLI.md). It exists to be judged: every
 * check is the one that agents make, in verify/.
 */

/**
 * Runs one command: `init ROOT_FILE`, `refresh` or `download`, with the suite's options. `now`: the time that expiry is measured against.
 * @throws METADATA_*, ROOT_CHAIN_TOO_LONG, TypeError of a bad command line or a server that cannot be reached
 */
export async function runClient(args: readonly string[], now: Date): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'metadata-dir': { type: 'string' },
      'metadata-url': { type: 'string' },
      'target-name': { type: 'string', multiple: true },
      'target-base-url': { type: 'string' },
      'target-dir': { type: 'string' },
    },
  })
  const need = (name: Exclude<keyof typeof values, 'target-name'>) => {
    const value = values[name]
    if (value === undefined) throw new TypeError(`--${name} is missing`)
    return value
  }
  const directory = need('metadata-dir')
  const [command, file] = positionals
  if (command === 'init' && file !== undefined) return initialise(directory, file)
  if (command !== 'refresh' && command !== 'download')
    throw new TypeError('the command is one of: init ROOT_FILE, refresh, download')
  const cache = openCache(directory)
  // The file that `init` put there, or a newer one that it led to.
  const initialRoot = readFileSync(join(directory, 'root.json'))
  const session: Session = { cache, initialRoot, fetch: metadataFetch(need('metadata-url')), now }
  const top = await refreshTopLevel(session)
  if (command === 'refresh') return
  const to = { url: need('target-base-url'), directory: need('target-dir') }
  for (const path of values['target-name'] ?? []) await download(session, top, path, to)
}

/** What failed, for the terminal. */
export function errorLine(error: unknown): string {
  return error instanceof HolotypeError ? `${error.code}: ${error.message}` : String(error)
}

function initialise(directory: string, file: string): void {
  trustedRoot(openCache(directory), readFileSync(file))
  mkdirSync(directory, { recursive: true })
  copyFileSync(file, join(directory, 'root.json'))
}

/** §5.7. A file that is there already and is the one named is not fetched again. */
async function download(
  session: Session,
  top: TopLevel,
  path: string,
  to: { readonly url: string; readonly directory: string },
): Promise<void> {
  const target = await findTarget(session, top, path)
  if (target === undefined) throw fail('METADATA_MISSING', { what: `nobody who may speak for ${path} names it` })
  const digest = digestOfTarget(target, path)
  const held = join(to.directory, fileName(path))
  if (isThere(held, target)) return
  const bytes = await fetchNamed(targetFetch(to.url), prefixed(path, digest), target, TARGET_BYTES)
  mkdirSync(to.directory, { recursive: true })
  writeFileAtomic(held, bytes)
}

function isThere(path: string, target: Parameters<typeof isNamedBy>[1]): boolean {
  try {
    return isNamedBy(readFileSync(path), target)
  } catch {
    return false
  }
}

/** `a/b` is served as `a/DIGEST.b` (§6.2, consistent snapshots). */
function prefixed(path: string, digest: string): string {
  const slash = path.lastIndexOf('/') + 1
  return `${path.slice(0, slash)}${digest}.${path.slice(slash)}`
}
