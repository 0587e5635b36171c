import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf, run } from '@holotype/base'
import { fail } from '../errors.ts'

/** Whom a process runs as. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Debian's own account for PostgreSQL is taken when it is there; else one of ours is made. */
const NAMES = ['postgres', 'holotype-db'] as const

/**
 * The unprivileged account for the embedded database when we run as root, which PostgreSQL refuses; undefined when we do not, and the
 * database runs as we do. A data directory that exists decides by its owner, so that a later start finds the same account.
 * @throws DATABASE_ACCOUNT
 */
export async function databaseAccount(dataDirectory: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(dataDirectory).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  for (const name of NAMES) {
    const account = await lookUp(name)
    if (account) return account
  }
  const [, ours] = NAMES
  try {
    await run(['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', ours])
  } catch (error) {
    // Another start may have made it between our look and our attempt.
    const made = await lookUp(ours)
    if (made) return made
    throw fail('DATABASE_ACCOUNT', { what: `cannot make the account ${ours} for the database`, cause: error })
  }
  const made = await lookUp(ours)
  if (!made) throw fail('DATABASE_ACCOUNT', { what: `the account ${ours} was made but cannot be found` })
  return made
}

async function lookUp(name: string): Promise<Account | undefined> {
  const number = async (flag: '-u' | '-g') => {
    const { code, stdout } = await run(['id', flag, name], { okCodes: [0, 1] })
    return code === 0 ? Number.parseInt(stdout.toString(), 10) : Number.NaN
  }
  const uid = await number('-u')
  const gid = await number('-g')
  return Number.isInteger(uid) && Number.isInteger(gid) && uid !== 0 ? { uid, gid } : undefined
}

/** True if the account may search the directory `path` and every one above it (path_resolution(7)). */
export async function canEnter(path: string, account: Account): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (!(await permits(at, account, 0o1))) return false
    if (at === dirname(at)) return true
  }
}

/** True if the mode of `path` gives the account all of `bits` (4 read, 2 write, 1 search or execute). */
export async function permits(path: string, account: Account, bits: number): Promise<boolean> {
  try {
    const { mode, uid, gid } = await stat(path)
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
    return ((mode >> shift) & bits) === bits
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
