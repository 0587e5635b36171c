import type { PackageRecord } from '@holotype/formats'
import { readRecords } from './chunk.ts'
import { readManifest } from './manifest.ts'
import { type OwnRepository, placeOf, stateDirectory } from './place.ts'
import { inTurn } from './queue.ts'
import { putEntries, versionsOf } from './state.ts'

/**
 * Takes a version of a package, of every architecture, out of the indexes that are published from now on. Its file stays for clients that know
 * it, until {@link collectGarbage}; its version stays taken, and the same file may come in again.
 * `now`: seconds since the epoch. Gives back what was withdrawn, nothing if it was not listed.
 * @throws REPOSITORY_BUSY, REPOSITORY_STATE_MALFORMED, REPOSITORY_UNWRITABLE, DISK_FULL
 */
export async function withdraw(
  repository: OwnRepository,
  { name, version, now }: { readonly name: string; readonly version: string; readonly now: number },
): Promise<readonly PackageRecord[]> {
  const directory = stateDirectory(placeOf(repository))
  return inTurn(directory, async () => {
    const versions = versionsOf(readManifest(directory), name, (chunk) => readRecords(directory, chunk))
    const listed = versions.filter(({ record, withdrawn }) => record.version === version && withdrawn === undefined)
    if (listed.length > 0)
      await putEntries(
        { store: repository.store, directory },
        listed.map((stored) => ({ stored: { ...stored, withdrawn: now }, parts: {} })),
      )
    return listed.map(({ record }) => record)
  })
}
