import { posix } from 'node:path'
import type { ImageFiles } from './image-files.ts'
import { ALIASES_FOLLOWED } from './limits.ts'

/** Where systemd looks for units, the first wins (systemd.unit(5), "System Unit Search Path"; what a running system adds left out). */
export const UNIT_PATH = [
  'etc/systemd/system',
  'usr/local/lib/systemd/system',
  'usr/lib/systemd/system',
  'lib/systemd/system',
] as const

/** What the names of units in an image stand for. */
export interface UnitNames {
  /**
   * The absolute path of the file that a name or alias leads to (`/dev/null` where it is masked), and the unit's own name. Nothing says that
   * there is such a file.
   */
  find(name: string): { readonly path: string; readonly own: string } | undefined
  /** The other names of a unit, for an instance also those that its template gives it. */
  aliases(own: string): readonly string[]
}

/**
 * Reads the names of all units as systemd 252 does (`unit_file_build_name_map`, `unit_file_find_fragment`): of one name the first directory says
 * what it is, and a link to a place where systemd looks for units says another *name*, which is looked for in all directories again.
 */
export function readUnitNames(files: ImageFiles): UnitNames {
  const meanings = readMeanings(files)
  const follow = (name: string): string | undefined => {
    let at = meanings.get(name)
    for (let links = 0; at !== undefined && !at.startsWith('/'); links++) {
      if (links === ALIASES_FOLLOWED) return undefined
      at = meanings.get(at) ?? meanings.get(templateOf(at) ?? '')
    }
    return at
  }
  const find: UnitNames['find'] = (name) => {
    const path = follow(name) ?? follow(templateOf(name) ?? '')
    return path === undefined ? undefined : { path, own: withInstance(posix.basename(path), instanceOf(name)) }
  }
  const known = new Map<string, string[]>()
  for (const [name, meaning] of meanings) {
    const own = meaning.startsWith('/') ? undefined : find(name)?.own
    if (own !== undefined) known.set(own, [...(known.get(own) ?? []), name])
  }
  return {
    find,
    aliases(own) {
      const ofTemplate = known.get(templateOf(own) ?? '') ?? []
      return [...(known.get(own) ?? []), ...ofTemplate.map((name) => withInstance(name, instanceOf(own)))]
    },
  }
}

/** By name: another name, or a file's absolute path. */
function readMeanings(files: ImageFiles): ReadonlyMap<string, string> {
  const meanings = new Map<string, string>()
  const real = (directory: string) => files.resolve(directory)?.path ?? directory
  const searched = new Set(UNIT_PATH.map(real))
  for (const directory of UNIT_PATH) {
    for (const entry of files.list(directory)) {
      const { name } = entry
      if (meanings.has(name) || (entry.type !== 'file' && entry.type !== 'symlink')) continue
      const own = `/${directory}/${name}`
      const target = entry.type === 'symlink' ? posix.resolve(`/${real(directory)}`, entry.target) : own
      if (target === '/dev/null') meanings.set(name, target)
      else if (entry.type === 'file' || !searched.has(real(posix.dirname(target).slice(1)))) meanings.set(name, own)
      else if (mayAlias(name, posix.basename(target))) meanings.set(name, posix.basename(target))
    }
  }
  return meanings
}

/** What `systemctl enable` could have made, as `unit_validate_alias_symlink_or_warn` has it; a link to its own name says nothing. */
function mayAlias(link: string, target: string): boolean {
  const [ofLink, ofTarget] = [instanceOf(link), instanceOf(target)]
  return (
    link !== target &&
    posix.extname(link) === posix.extname(target) &&
    (ofLink === ofTarget || (ofLink !== undefined && ofTarget === ''))
  )
}

/** `getty@tty1.service` comes of `getty@.service`. */
export function templateOf(name: string): string | undefined {
  return instanceOf(name) ? withInstance(name, '') : undefined
}

/** `tty1` of `getty@tty1.service`; empty for a template; undefined for a plain unit. */
function instanceOf(name: string): string | undefined {
  return /^[^@]+@(.*)\.[a-z]+$/.exec(name)?.[1]
}

/** The instance in place of a template's empty one, or the other way round; any other name stays. */
function withInstance(name: string, instance: string | undefined): string {
  const [, prefix, present, type] = /^([^@]+)@(.*)\.([a-z]+)$/.exec(name) ?? []
  const fits = instance !== undefined && (present === '' || (present !== undefined && instance === ''))
  return fits ? `${prefix}@${instance}.${type}` : name
}
