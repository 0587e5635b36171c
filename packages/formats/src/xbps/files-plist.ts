import { confinedPath } from '../archive/path.ts'
import type { PlistDictionary, PlistValue } from './plist.ts'
import type { Complain } from './plist-scanner.ts'

/** What files.plist lists, by path as in a payload (`usr/bin/x`). */
export interface FileList {
  /** Files, configuration files among them, with their SHA-256 in hex. */
  readonly files: ReadonlyMap<string, string>
  readonly links: ReadonlySet<string>
  /** In the order they are listed. */
  readonly dirs: ReadonlySet<string>
}

/** @throws what `complain` makes */
export function fileListOf(plist: PlistDictionary, complain: Complain): FileList {
  const files = new Map<string, string>()
  for (const group of ['files', 'conf_files'])
    for (const [path, entry] of entriesOf(plist, group, complain)) {
      const sha256 = entry.get('sha256')
      if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
        throw complain(`files.plist: ${path} has no SHA-256`)
      files.set(path, sha256)
    }
  return {
    files,
    links: new Set(entriesOf(plist, 'links', complain).map(([path]) => path)),
    dirs: new Set(entriesOf(plist, 'dirs', complain).map(([path]) => path)),
  }
}

function entriesOf(
  plist: PlistDictionary,
  group: string,
  complain: Complain,
): [path: string, entry: PlistDictionary][] {
  const entries = plist.get(group) ?? []
  if (!Array.isArray(entries)) throw complain(`files.plist: ${group} is no array`)
  return entries.map((entry: PlistValue) => {
    const file = entry instanceof Map ? entry.get('file') : undefined
    if (!(entry instanceof Map) || typeof file !== 'string')
      throw complain(`files.plist: ${group} lists what is no file`)
    const path = file.startsWith('/') ? confinedPath(file.slice(1)) : undefined
    if (path === undefined || path === '')
      throw complain(`files.plist: the path ${JSON.stringify(file.slice(0, 200))} leads outside the package`)
    return [path, entry]
  })
}
