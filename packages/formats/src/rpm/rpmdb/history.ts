import type { Complain } from '../header.ts'
import { readSqlite } from './sqlite.ts'

/** Actions of dnf's history after which a package is installed: install, downgrade, obsolete, upgrade, reinstall. */
const BRINGS = '1, 2, 4, 6, 9'

/**
 * From which repository dnf took each package, by `name-evr.arch` (an epoch of 0 left out): the last of its transactions that brought it.
 * @throws FILE_UNREADABLE, what `complain` makes
 */
export function dnfOrigins(file: string, complain: Complain): ReadonlyMap<string, string> {
  return readSqlite(file, complain, (database) => {
    const rows = database
      .prepare(
        `SELECT rpm.name, rpm.epoch, rpm.version, rpm.release, rpm.arch, repo.repoid
         FROM trans_item JOIN rpm ON rpm.item_id = trans_item.item_id JOIN repo ON repo.id = trans_item.repo_id
         WHERE trans_item.state = 1 AND trans_item.action IN (${BRINGS}) ORDER BY trans_item.id`,
      )
      .iterate()
    const origins = new Map<string, string>()
    for (const { name, epoch, version, release, arch, repoid } of rows) {
      const evr = `${epoch === 0 ? '' : `${String(epoch)}:`}${String(version)}-${String(release)}`
      origins.set(`${String(name)}-${evr}.${String(arch)}`, String(repoid))
    }
    return origins
  })
}
