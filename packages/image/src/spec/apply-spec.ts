import type { Store } from '@holotype/store'
import { addParents, type PathMap, pathResolver } from '../compose/path-map.ts'
import { fail } from '../errors.ts'
import { accountNumbers, type AccountNumbers, addAccounts } from './accounts.ts'
import type { ResolvedFile, ResolvedSpec } from './resolve-spec.ts'
import { SYSTEM_FILES } from './system-files.ts'

export interface ApplySpecOptions {
  readonly store: Store
  readonly spec: ResolvedSpec
  /** Seconds since the epoch: the time of its files. */
  readonly epoch: number
}

/**
 * Lays what the spec itself says into the image: its accounts, its files, and the files that its settings are written to. They win over any
 * package's.
 * @throws IMAGE_SPEC_REFUSED, IMAGE_PATH_CONFLICT
 */
export function applySpec(map: PathMap, { store, spec, epoch }: ApplySpecOptions): void {
  addAccounts(map, store, spec)
  const numbers = accountNumbers(map, store)
  const generated = { ...systemFiles(store, spec), ...timezoneFiles(map, store, spec) }
  for (const path of Object.keys(generated)) {
    if (Object.hasOwn(spec.files, path))
      throw fail('IMAGE_SPEC_REFUSED', { what: `the spec has the file ${path}, and settings that are written to it` })
  }
  placeFiles(map, { ...spec.files, ...generated }, { epoch, numbers })
}

/** Lays the spec's unit files alone, before the scripts run: `systemctl enable` then finds them. @throws as {@link applySpec} */
export function applyUnitFiles(map: PathMap, spec: ResolvedSpec, epoch: number): void {
  const units = Object.entries(spec.files).filter(([path]) => /^\/(etc|usr\/lib)\/systemd\/system\//.test(path))
  // Names are looked up when the packages have made their accounts: all of it is laid again then.
  const numbers = { uid: () => 0, gid: () => 0 }
  placeFiles(map, Object.fromEntries(units), { epoch, numbers })
}

const ROOTS = { type: 'file', mode: 0o644, user: 0, group: 0 } as const

function systemFiles(store: Store, spec: ResolvedSpec): Record<string, ResolvedFile> {
  return Object.fromEntries(
    SYSTEM_FILES.flatMap(({ path, text }) => {
      const bytes = Buffer.from(text(spec))
      return bytes.length === 0 ? [] : [[path, { ...ROOTS, digest: store.put(bytes), size: bytes.length }]]
    }),
  )
}

/** localtime(5), and Debian's own note of it where its packages left one. @throws IMAGE_SPEC_REFUSED: no package has that zone */
function timezoneFiles(map: PathMap, store: Store, { timezone }: ResolvedSpec): Record<string, ResolvedFile> {
  if (timezone === undefined) return {}
  const path = `usr/share/zoneinfo/${timezone}`
  const zone = map.get(path)?.entry.type
  if (zone !== 'file' && zone !== 'symlink')
    throw fail('IMAGE_SPEC_REFUSED', {
      what: `the spec wants the time zone ${timezone}, and no package has /${path}`,
      hint: 'correct the name, or add the package that has it (tzdata)',
    })
  const note = Buffer.from(`${timezone}\n`)
  return {
    '/etc/localtime': { type: 'symlink', user: 0, group: 0, target: `/${path}` },
    ...(map.has('etc/timezone') ? { '/etc/timezone': { ...ROOTS, digest: store.put(note), size: note.length } } : {}),
  }
}

function placeFiles(
  map: PathMap,
  files: ResolvedSpec['files'],
  { epoch, numbers }: { readonly epoch: number; readonly numbers: AccountNumbers },
): void {
  const resolver = pathResolver(map)
  for (const [path, { user, group, ...file }] of Object.entries(files)) {
    const place = resolver.resolve(path.slice(1))
    const metadata = { uid: numbers.uid(user), gid: numbers.gid(group), mtime: epoch }
    const present = map.get(place)?.entry.type
    if ((present === 'directory') !== (file.type === 'directory') && present !== undefined)
      throw fail('IMAGE_SPEC_REFUSED', {
        what:
          present === 'directory'
            ? `the spec has a ${file.type === 'file' ? 'file' : 'link'} at ${path}, which is a directory`
            : `the spec has a directory at ${path}, which is none`,
      })
    addParents(map, place, 'spec')
    const entry = file.type === 'symlink' ? { ...file, mode: 0o777, ...metadata } : { ...file, ...metadata }
    map.set(place, { entry, owner: 'spec' })
    if (file.type === 'symlink') resolver.forget(place)
  }
}

/** What `systemctl` does to units, in a fixed order: one call a verb. */
export type UnitVerb = readonly [verb: 'enable' | 'disable' | 'mask', ...units: string[]]

/** The verbs of the spec's units that have any. */
export function unitVerbs(spec: ResolvedSpec): UnitVerb[] {
  const verbs = ['enable', 'disable', 'mask'] as const
  return verbs.filter((verb) => spec.units[verb].length > 0).map((verb) => [verb, ...spec.units[verb]] as const)
}
