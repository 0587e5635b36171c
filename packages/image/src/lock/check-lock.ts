import type { Progress } from '@holotype/base'
import { checkSonames, type Lock, type LockedPackage, type MissingSoname, type PackageSonames } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { SONAMES_SHOWN } from '../limits.ts'
import { digestOfFile, workOnPackages } from '../package-threads.ts'
import { noteSonames, recallSonames } from './sonames-note.ts'

export interface CheckLockOptions {
  readonly store: Store
  /** Its package files are in the store. */
  readonly lock: Pick<Lock, 'format' | 'packages'>
  /** The lock before: who had a library that is missing now. What was never inspected of it is passed over. */
  readonly previous?: readonly LockedPackage[]
  readonly progress: Progress
  readonly signal?: AbortSignal
}

/**
 * The sonames that programs of a lock need and none of its packages has. Each package file is inspected once for ever, the missing ones spread over
 * worker threads, largest first.
 * @throws UNPACK_FAILED (a package that cannot be read), the signal's reason
 */
export async function missingSonames(options: CheckLockOptions): Promise<MissingSoname[]> {
  const { store, lock, previous = [], progress, signal } = options
  await workOnPackages({
    store,
    format: lock.format,
    packages: lock.packages.filter((locked) => recallSonames(store, digestOfFile(locked)) === undefined),
    program: new URL('sonames-worker.ts', import.meta.url),
    load: async () => noteSonames,
    title: 'look into packages for libraries',
    progress,
    signal,
  })
  const sonames = (locked: LockedPackage): PackageSonames[] => {
    const note = recallSonames(store, digestOfFile(locked))
    const { name, version, architecture } = locked
    return note ? [{ name, version, architecture, objects: note.objects, links: note.links }] : []
  }
  return checkSonames(lock.packages.flatMap(sonames), previous.flatMap(sonames))
}

/**
 * Refuses a lock whose programs would not find their libraries.
 * @throws LOCK_SONAME_MISSING, and what `missingSonames` throws
 */
export async function refuseMissingSonames(options: CheckLockOptions): Promise<void> {
  const missing = await missingSonames(options)
  if (missing.length === 0) return
  const shown = missing.slice(0, SONAMES_SHOWN).map(missingText)
  const more = missing.length > shown.length ? `; and ${missing.length - shown.length} more` : ''
  throw fail('LOCK_SONAME_MISSING', { what: `${shown.join('; ')}${more}`, data: { missing } })
}

function missingText({ soname, neededBy, providedBefore }: MissingSoname): string {
  const who = neededBy.slice(0, SONAMES_SHOWN).map(({ name, version, by }) => `${name} ${version} (${filesText(by)})`)
  const more = neededBy.length > who.length ? ` and ${neededBy.length - who.length} more packages` : ''
  const before = providedBefore.map(({ name, version, now }) =>
    now === undefined ? `${name} ${version} had it and is gone` : `${name} ${version} had it, ${now} has not`,
  )
  return [`no package has ${soname}, needed by ${who.join(', ')}${more}`, ...before].join(': ')
}

function filesText(paths: readonly string[]): string {
  const shown = paths.slice(0, SONAMES_SHOWN).join(', ')
  return paths.length > SONAMES_SHOWN ? `${shown} and ${paths.length - SONAMES_SHOWN} more files` : shown
}
