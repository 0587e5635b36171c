import type { FileChange, FileFacts } from '../types.ts'
import type { Concern } from './risk.ts'

/** A file's change before it is weighed. Paths are absolute. */
export type BareFileChange = Omit<FileChange, 'risk' | 'reasons' | 'text'>

/** What the rules must know besides the one path. */
export interface FileContext {
  /** True if a shared library of this file name is somewhere else in the new image. */
  readonly libraryMoved: (name: string) => boolean
  /** True if the old image holds this path. */
  readonly existed: (path: string) => boolean
}

const SETUID = 0o4000
const SETGID = 0o2000
const STICKY = 0o1000
const OTHERS_WRITE = 0o002

/** Everything a reviewer should know of one path's change, in words. Pure: each rule looks at the change alone. */
export function fileConcerns(change: BareFileChange, context: FileContext): Concern[] {
  const concerns = [
    ...privilegeConcerns(change),
    ...accessConcerns(change),
    ...placeConcerns(change),
    ...unitConcerns(change),
    ...libraryConcerns(change, context),
  ]
  return concerns.length > 0 ? concerns : [...kindConcerns(change)].map((concern) => ({ ...concern, generic: true }))
}

/** True if the change gives, takes or alters setuid, setgid or file capabilities. Directories inherit groups by setgid: not meant. */
export function changesPrivilege(change: Pick<FileChange, 'before' | 'after'>): {
  setuid: boolean
  capabilities: boolean
} {
  return {
    setuid: privilegeBits(change.before) !== privilegeBits(change.after),
    capabilities: change.before?.capabilities !== change.after?.capabilities,
  }
}

function privilegeBits(facts: FileFacts | undefined): number {
  return facts?.type === 'file' ? facts.mode & (SETUID | SETGID) : 0
}

function* privilegeConcerns({ change, before, after }: BareFileChange): Generator<Concern> {
  const [old, next] = [privilegeBits(before), privilegeBits(after)]
  if (next & ~old & SETUID) yield { risk: 'high', reason: `becomes setuid ${user(after?.uid)}` }
  if (next & ~old & SETGID) yield { risk: 'high', reason: `becomes setgid ${user(after?.gid)}` }
  if (old & ~next && after) yield { risk: 'medium', reason: 'is no longer setuid or setgid' }
  if (old && !after) yield { risk: 'low', reason: 'a setuid or setgid program goes' }
  if (old & next && change === 'changed') yield { risk: 'medium', reason: 'a setuid or setgid program changes' }
  if (old & next && before && after && (before.uid !== after.uid || before.gid !== after.gid))
    yield { risk: 'high', reason: `a setuid or setgid program now runs as ${user(after.uid)}:${user(after.gid)}` }
  if (after?.capabilities !== undefined && after.capabilities !== before?.capabilities)
    yield {
      risk: 'high',
      reason: `capabilities become ${after.capabilities}${before?.capabilities ? ` (were ${before.capabilities})` : ''}`,
    }
  if (before?.capabilities !== undefined && after && after.capabilities === undefined)
    yield { risk: 'medium', reason: `loses capabilities ${before.capabilities}` }
  if (before?.capabilities !== undefined && after?.capabilities === before.capabilities && change === 'changed')
    yield { risk: 'medium', reason: `a program with ${before.capabilities} changes` }
}

function* accessConcerns({ before, after }: BareFileChange): Generator<Concern> {
  if (!after) return
  if (isOpenToAll(after) && !(before && isOpenToAll(before)))
    yield { risk: 'high', reason: 'becomes writable by everybody' }
  if (after.type === 'character' || after.type === 'block') {
    if (before?.type !== after.type || before.target !== after.target)
      yield { risk: 'medium', reason: `a ${after.type} device (${after.target})` }
  }
  if (!before) return
  if (before.type !== after.type) yield { risk: 'medium', reason: `was a ${before.type}, becomes a ${after.type}` }
  if (before.uid !== after.uid || before.gid !== after.gid)
    yield {
      risk: 'medium',
      reason: `owner ${before.uid}:${before.gid} becomes ${after.uid}:${after.gid}`,
    }
  if (after.type !== 'symlink' && (before.mode & 0o777) !== (after.mode & 0o777))
    yield { risk: 'low', reason: `mode ${octal(before.mode)} becomes ${octal(after.mode)}` }
}

function isOpenToAll({ type, mode }: FileFacts): boolean {
  if (type === 'symlink' || type === 'character') return false
  return (mode & OTHERS_WRITE) !== 0 && !(type === 'directory' && mode & STICKY)
}

/** Places whose content decides who may do what, or what runs when. The first that matches counts. */
const PLACES: readonly (readonly [pattern: RegExp, risk: Concern['risk'], what: string])[] = [
  [/^\/etc\/sudoers(\.d\/|$)/, 'high', 'says who may become root (sudo)'],
  [/^(\/etc|\/usr\/lib|\/usr\/share)\/pam\.(d|conf)(\/|$)/, 'high', 'says how logins are checked (PAM)'],
  [/^\/etc\/ssh\/sshd_config(\.d\/|$)/, 'high', 'says who may log in by SSH (sshd)'],
  [/(^|\/)\.ssh\/authorized_keys/, 'high', 'says who may log in by SSH (keys)'],
  [/^\/etc\/g?shadow-?$/, 'high', 'holds password hashes'],
  [/^\/etc\/ld\.so\.preload$/, 'high', 'names a library loaded into every program'],
  [/^\/etc\/(passwd|group|subuid|subgid)-?$/, 'medium', 'lists users and groups'],
  [/^\/(etc|usr\/share)\/polkit-1\/(rules|actions)/, 'medium', 'says who may do what (polkit)'],
  [/^\/etc\/security\//, 'medium', 'limits logins (PAM modules)'],
  [/^\/etc\/(cron[^/]*|anacrontab)(\/|$)|^\/var\/spool\/cron\//, 'medium', 'says what runs on a schedule (cron)'],
  [/^\/etc\/apt\/|^\/usr\/share\/keyrings\//, 'medium', 'says which packages are trusted (apt)'],
  [
    /^\/(etc\/ssl\/certs|usr\/share\/ca-certificates|usr\/local\/share\/ca-certificates)\//,
    'low',
    'a certificate authority',
  ],
  [
    /^\/(etc|usr\/lib|usr\/local\/lib)\/(sysctl|modules-load|modprobe|udev\/rules|tmpfiles|sysusers)\.?d?(\/|\.conf)/,
    'low',
    'sets kernel, devices or what start-up makes',
  ],
  [/^\/boot\//, 'medium', 'boots the machine'],
]

/** Generated state of the package manager and documentation: they follow from what is reported elsewhere. */
const QUIET = /^\/(usr\/share\/(doc|man|info|locale|lintian|bug|doc-base)|var\/lib\/(dpkg|apt)|var\/cache)(\/|$)/
const PROGRAM = /^\/(usr\/)?(local\/)?(s?bin|libexec)\/|\.so(\.[\d.]+)?$/

function* placeConcerns({ path, before, after }: BareFileChange): Generator<Concern> {
  if ((after ?? before)?.type === 'directory') return
  const place = PLACES.find(([pattern]) => pattern.test(path))
  if (place) yield { risk: place[1], reason: place[2] }
}

/** What a file is, for those that nothing else is to be said of. */
function* kindConcerns({ path, before, after }: BareFileChange): Generator<Concern> {
  const facts = after ?? before
  if (!facts || facts.type === 'directory' || QUIET.test(path)) return
  if (path.startsWith('/etc/')) yield { risk: 'low', reason: 'configuration' }
  else if (PROGRAM.test(path) || (facts.type === 'file' && facts.mode & 0o111))
    yield { risk: 'low', reason: 'a program or library' }
}

const ENABLED =
  /^\/(?:etc|usr\/lib|lib)\/systemd\/system\/([^/]+)\.(?:wants|requires)\/([^/]+\.(socket|service|timer|path|mount))$/
const UNIT = /^\/(?:etc|usr\/lib|lib)\/systemd\/system\/(?:[^/]+\.d\/)?[^/]+\.(socket|service|timer|path|conf)$/

function* unitConcerns({ path, change, after, before }: BareFileChange): Generator<Concern> {
  const enabled = ENABLED.exec(path)
  if (enabled) {
    const [, by = '', unit = '', kind] = enabled
    if (change === 'added' && kind === 'socket')
      yield { risk: 'high', reason: `${unit} is enabled: it listens from ${by} on` }
    else if (change === 'added') yield { risk: 'medium', reason: `${unit} is enabled: it starts with ${by}` }
    else if (change === 'removed') yield { risk: 'medium', reason: `${unit} no longer starts with ${by}` }
    return
  }
  const unit = UNIT.exec(path)
  if (!unit) return
  if (after?.type === 'symlink' && after.target === '/dev/null' && before?.target !== '/dev/null')
    yield { risk: 'medium', reason: 'the unit is masked' }
  else if (unit[1] === 'socket' && change === 'added') yield { risk: 'medium', reason: 'a new socket unit' }
  else if (change === 'changed') yield { risk: 'low', reason: 'a unit changes' }
}

// A file in a library directory itself, not below it: what lies below are plug-ins, which nothing links by soname.
const LIBRARY =
  /^(\/(?:usr\/)?(?:local\/)?lib(?:64|32)?(?:\/[a-z0-9_]+-linux-gnu[a-z0-9]*)?\/)((lib[^/]+?|ld-[^/]+?)\.so\.\d+)(\.\d+)?$/

function* libraryConcerns({ path, change }: BareFileChange, context: FileContext): Generator<Concern> {
  const library = LIBRARY.exec(path)
  if (!library || change !== 'removed') return
  const [, directory = '', short = '', , minor = ''] = library
  // `libz.so.1.2` beside `libz.so.1` is the file behind the soname; alone it is a soname (libssl.so.1.1).
  if (minor !== '' && context.existed(directory + short)) return
  if (!context.libraryMoved(short + minor)) yield { risk: 'high', reason: `the shared library ${short + minor} goes` }
}

function user(id: number | undefined): string {
  return id === 0 ? 'root' : String(id)
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}
