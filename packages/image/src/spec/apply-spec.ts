import { compareText } from '@holotype/base'
import type { Store } from '@holotype/store'
import { addParents, type PathMap, pathResolver } from '../compose/path-map.ts'
import { fail } from '../errors.ts'
import type { ResolvedSpec } from './resolve-spec.ts'

const SYSCTL = '/etc/sysctl.d/60-holotype.conf'

export interface ApplySpecOptions {
  readonly store: Store
  readonly spec: ResolvedSpec
  /** Seconds since the epoch: the time of its files. */
  readonly epoch: number
}

/** Lays the spec's own files into the image: they win over any package's. @throws IMAGE_SPEC_REFUSED, IMAGE_PATH_CONFLICT */
export function applySpec(map: PathMap, { store, spec, epoch }: ApplySpecOptions): void {
  placeFiles(map, spec.files, epoch)
  const lines = Object.entries(spec.sysctl).sort(([a], [b]) => compareText(a, b))
  if (lines.length === 0) return
  const bytes = Buffer.from(lines.map(([key, value]) => `${key} = ${value}\n`).join(''))
  const file = { digest: store.put(bytes), size: bytes.length, mode: 0o644, uid: 0, gid: 0 }
  placeFiles(map, { [SYSCTL]: file }, epoch)
}

/** Lays the spec's unit files alone, before the scripts run: `systemctl enable` then finds them. @throws as {@link applySpec} */
export function applyUnitFiles(map: PathMap, spec: ResolvedSpec, epoch: number): void {
  const units = Object.entries(spec.files).filter(([path]) => /^\/(etc|usr\/lib)\/systemd\/system\//.test(path))
  placeFiles(map, Object.fromEntries(units), epoch)
}

function placeFiles(map: PathMap, files: ResolvedSpec['files'], epoch: number): void {
  const resolver = pathResolver(map)
  for (const [path, file] of Object.entries(files)) {
    const place = resolver.resolve(path.slice(1))
    if (map.get(place)?.entry.type === 'directory')
      throw fail('IMAGE_SPEC_REFUSED', { what: `the spec has a file at ${path}, which is a directory` })
    addParents(map, place, 'spec')
    map.set(place, { entry: { type: 'file', ...file, mtime: epoch }, owner: 'spec' })
  }
}

/** What `systemctl` does to units, in a fixed order: one call a verb. */
export type UnitVerb = readonly [verb: 'enable' | 'disable' | 'mask', ...units: string[]]

/** The verbs of the spec's units that have any. */
export function unitVerbs(spec: ResolvedSpec): UnitVerb[] {
  const verbs = ['enable', 'disable', 'mask'] as const
  return verbs.filter((verb) => spec.units[verb].length > 0).map((verb) => [verb, ...spec.units[verb]] as const)
}
