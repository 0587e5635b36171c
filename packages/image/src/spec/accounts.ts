import { compareText } from '@holotype/base'
import type { Store } from '@holotype/store'
import type { PathMap } from '../compose/path-map.ts'
import { fail } from '../errors.ts'
import type { ResolvedSpec } from './resolve-spec.ts'

/** Below this number an account is the system's, and its password does not age (login.defs(5), SYS_UID_MAX). */
const FIRST_PERSON = 1000
/** What a spec that says nothing of a password has: an account that a package made keeps its own. */
const LOCKED = '!'

/** Lines of one of the account files, each split into its fields. */
interface Table {
  readonly lines: string[][]
  named(name: string): string[] | undefined
  /** The line whose third field, the number of passwd(5) and group(5), is this. */
  numbered(id: number): string[] | undefined
  text(): string
}

function tableOf(text: string): Table {
  const lines = text.split('\n').flatMap((line) => (line === '' ? [] : [line.split(':')]))
  return {
    lines,
    named: (name) => lines.find(([first]) => first === name),
    numbered: (id) => lines.find((line) => line[2] === String(id)),
    text: () => lines.map((line) => `${line.join(':')}\n`).join(''),
  }
}

const FILES = ['passwd', 'group', 'shadow', 'gshadow'] as const
type Accounts = Readonly<Record<(typeof FILES)[number], Table>>

/** The users and groups that an image knows by name. */
export interface AccountNumbers {
  /** @throws IMAGE_SPEC_REFUSED: the image has no such user */
  uid(user: number | string): number
  /** @throws IMAGE_SPEC_REFUSED: the image has no such group */
  gid(group: number | string): number
}

/**
 * Adds the spec's groups and users to /etc/passwd, group, shadow and gshadow, each line as useradd(8) and groupadd(8) write it, after those that
 * are there, by number. The files stay whose they were. What is there already exactly so stays.
 * @throws IMAGE_SPEC_REFUSED: a name or number is taken (both are named), a group is missing, or the image has no such files
 */
export function addAccounts(map: PathMap, store: Store, spec: Pick<ResolvedSpec, 'users' | 'groups'>): void {
  const groups = Object.entries(spec.groups).sort(([a, { gid }], [b, other]) => gid - other.gid || compareText(a, b))
  const users = Object.entries(spec.users).sort(([a, { uid }], [b, other]) => uid - other.uid || compareText(a, b))
  if (groups.length + users.length === 0) return
  const accounts = readAccounts(map, store)
  if (!map.has('etc/passwd') || !map.has('etc/group'))
    throw fail('IMAGE_SPEC_REFUSED', {
      what: 'the spec has users or groups, and the image has no /etc/passwd and /etc/group',
    })
  for (const [name, { gid }] of groups) addGroup(accounts, name, gid)
  for (const [name, user] of users) addUser(accounts, name, user)
  for (const file of FILES) {
    const found = map.get(`etc/${file}`)
    if (found?.entry.type !== 'file') continue
    const bytes = Buffer.from(accounts[file].text(), 'latin1')
    map.set(`etc/${file}`, { ...found, entry: { ...found.entry, digest: store.put(bytes), size: bytes.length } })
  }
}

/** Looks names up as they are in the image now. */
export function accountNumbers(map: PathMap, store: Store): AccountNumbers {
  const { passwd, group } = readAccounts(map, store)
  const number = (table: Table, kind: string, name: number | string) => {
    if (typeof name === 'number') return name
    const text = name === 'root' ? '0' : table.named(name)?.[2]
    if (text === undefined)
      throw fail('IMAGE_SPEC_REFUSED', { what: `the spec gives a file to the ${kind} ${name}, and the image has none` })
    return Number(text)
  }
  return { uid: (user) => number(passwd, 'user', user), gid: (name) => number(group, 'group', name) }
}

function readAccounts(map: PathMap, store: Store): Accounts {
  const read = (file: string) => {
    const entry = map.get(`etc/${file}`)?.entry
    // Bytes that a package wrote are kept as they are, whatever they are.
    return tableOf(entry?.type === 'file' ? store.read(entry.digest).toString('latin1') : '')
  }
  return { passwd: read('passwd'), group: read('group'), shadow: read('shadow'), gshadow: read('gshadow') }
}

function addGroup({ group, gshadow }: Accounts, name: string, gid: number): void {
  const there = group.named(name)
  if (there?.[2] === String(gid)) return
  if (there) throw taken(`the group ${name}`, `gid ${gid}`, `a package made it with gid ${there[2] ?? '?'}`)
  const other = group.numbered(gid)?.[0]
  if (other !== undefined) throw taken(`the group ${name}`, `gid ${gid}`, `that is the group ${other}`)
  group.lines.push([name, 'x', String(gid), ''])
  gshadow.lines.push([name, '!', '', ''])
}

function addUser(accounts: Accounts, name: string, user: ResolvedSpec['users'][string]): void {
  const { passwd, group, shadow, gshadow } = accounts
  if (user.group === undefined && !group.named(name)) addGroup(accounts, name, user.uid)
  const gid = groupLine(group, name, user.group ?? name)[2] ?? ''
  const comment = Buffer.from(user.comment).toString('latin1')
  const line = [name, 'x', String(user.uid), gid, comment, user.home, user.shell]
  const there = passwd.named(name)
  if (there && there.join(':') !== line.join(':'))
    throw taken(`the user ${name}`, line.slice(2).join(':'), `a package made it as ${there.slice(2).join(':')}`)
  if (!there) {
    const other = passwd.numbered(user.uid)?.[0]
    if (other !== undefined) throw taken(`the user ${name}`, `uid ${user.uid}`, `that is the user ${other}`)
    passwd.lines.push(line)
    // The day of the last change stays empty: see `undateShadow`.
    const ageing = user.uid < FIRST_PERSON ? ['', '', ''] : ['0', '99999', '7']
    shadow.lines.push([name, user.password, '', ...ageing, '', '', ''])
  } else if (user.password !== LOCKED) {
    const line = shadow.named(name)
    if (!line) throw taken(`the user ${name}`, 'a password', 'a package made it without a line in /etc/shadow')
    line[1] = user.password
  }
  for (const other of user.groups) {
    addMember(groupLine(group, name, other), name)
    const protectedLine = gshadow.named(other)
    if (protectedLine) addMember(protectedLine, name)
  }
}

function groupLine(group: Table, user: string, name: string): string[] {
  const line = group.named(name)
  if (line) return line
  throw fail('IMAGE_SPEC_REFUSED', { what: `the user ${user} is to be in the group ${name}, and the image has none` })
}

/** Members are the last field of group(5) and of gshadow(5). */
function addMember(line: string[], user: string): void {
  const members = (line[3] ?? '').split(',').filter((member) => member !== '')
  if (!members.includes(user)) line[3] = [...members, user].join(',')
}

function taken(what: string, wanted: string, but: string): Error {
  return fail('IMAGE_SPEC_REFUSED', {
    what: `${what} cannot have ${wanted}: ${but}`,
    hint: 'give it another name or number, or say the same as the package',
  })
}
