import type { PackageToWrite } from '../types.ts'

type Payload = PackageToWrite['payload']
type Note = (what: string) => void

/** Directories that an rpm distribution's own `filesystem` package has, with modes of its own: a second owner with another mode is a conflict. */
const COMMON = new Set(
  [
    '',
    'etc boot dev home media mnt opt proc root run srv sys tmp usr var',
    'usr/bin usr/sbin usr/lib usr/lib64 usr/libexec usr/include usr/local usr/src usr/share usr/games',
    'usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/licenses usr/share/applications usr/share/icons',
    'usr/share/pixmaps usr/lib/systemd usr/lib/systemd/system usr/lib/tmpfiles.d usr/lib/sysusers.d usr/lib/udev usr/lib/udev/rules.d',
    'var/cache var/lib var/log var/spool var/tmp var/run var/lock etc/default etc/cron.d etc/logrotate.d etc/init.d etc/systemd etc/profile.d',
  ].flatMap((line) => line.split(' ')),
)
const MAN_SECTION = /^usr\/share\/man\/(?:[a-z]{2}(?:_[A-Z]{2})?\/)?man\d$/

/** Top directories that are links into /usr on either side today (file-hierarchy(7)). */
const MERGED = /^(?:bin|sbin|lib|lib64)(?=\/|$)/

/** A .deb's payload as an rpm holds it. */
export function forRpm(payload: Payload, note: Note): Payload {
  const merged = mergeUsr(payload, note)
  return merged.flatMap((entry) => {
    if (entry.type === 'directory' && (COMMON.has(entry.path) || MAN_SECTION.test(entry.path))) return []
    const { xattrs, ...rest } = named(entry, note)
    const capability = xattrs?.[CAPABILITY]
    for (const name of Object.keys(xattrs ?? {}))
      if (name !== CAPABILITY) note(`${entry.path}: its attribute ${name}; rpm holds file capabilities alone`)
    return [capability === undefined ? rest : { ...rest, xattrs: { [CAPABILITY]: capability } }]
  })
}

/** An rpm's payload as a .deb holds it. */
export function forDeb(payload: Payload, note: Note): Payload {
  const merged = mergeUsr(payload, note)
  return merged.map((entry) => {
    const { xattrs, ...rest } = entry
    for (const name of Object.keys(xattrs ?? {}))
      note(`${entry.path}: its attribute ${name}; a .deb holds none, set it in a script`)
    return rest
  })
}

/** Libraries in a directory that the loader of the other side does not look into by itself. */
const ELSEWHERE = {
  rpm: /^(usr\/lib\/[a-z0-9_]+-linux-gnu[a-z0-9]*)\/[^/]+\.so(?:\.|$)/,
  deb: /^(usr\/lib64)\/[^/]+\.so(?:\.|$)/,
} as const

/**
 * The payload with a file for ldconfig(8) that names the directories of its libraries, where the loader of the format it becomes looks elsewhere.
 * `added` is its path, undefined where there is nothing to name.
 */
export function withLibraryPath(
  payload: Payload,
  { to, name, epoch }: { readonly to: keyof typeof ELSEWHERE; readonly name: string; readonly epoch: number },
): { readonly payload: Payload; readonly added: string | undefined } {
  const found = new Set(payload.flatMap(({ path }) => ELSEWHERE[to].exec(path)?.[1] ?? []))
  const path = `etc/ld.so.conf.d/${name}-converted.conf`
  if (found.size === 0 || payload.some((entry) => entry.path === path)) return { payload, added: undefined }
  const bytes = Buffer.from(
    [...found]
      .sort()
      .map((directory) => `/${directory}\n`)
      .join(''),
  )
  const root = { uid: 0, gid: 0, owner: 'root', group: 'root' }
  const added = { path, type: 'file', mode: 0o644, size: bytes.length, bytes, mtime: epoch, ...root } as const
  return { payload: [...payload, added], added: path }
}

const CAPABILITY = 'security.capability'

/** rpm knows owners by name. */
function named(entry: Payload[number], note: Note): Payload[number] {
  const { owner, group, uid, gid, path } = entry
  if ((owner === undefined && uid !== 0) || (group === undefined && gid !== 0))
    note(`${path}: its owner ${uid}:${gid} has no name; it belongs to root now`)
  return { ...entry, uid: 0, gid: 0, owner: owner ?? 'root', group: group ?? 'root' }
}

function mergeUsr(payload: Payload, note: Note): Payload {
  const moved = payload.filter(({ path }) => MERGED.test(path) && path.includes('/'))
  const [first] = moved
  if (first) note(`${first.path} and ${moved.length - 1} more: moved below usr/, where both sides have them today`)
  const seen = new Set<string>()
  return payload.flatMap((entry) => {
    const path = MERGED.test(entry.path) ? `usr/${entry.path}` : entry.path
    // A directory that is there as bin/ and as usr/bin/ is one now.
    if (entry.type === 'directory' && seen.has(path)) return []
    seen.add(path)
    if (entry.type !== 'hardlink') return [{ ...entry, path }]
    const target = entry.target ?? ''
    return [{ ...entry, path, target: MERGED.test(target) ? `usr/${target}` : target }]
  })
}
