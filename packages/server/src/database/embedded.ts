import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf, type Progress, run, runTask, silent, SYSTEM_PATH, temporaryName } from '@holotype/base'
import type { PoolConfig } from 'pg'
import { fail } from '../errors.ts'
import {
  DATABASE_START_MS,
  DATABASE_STOP_MS,
  EMBEDDED_CONNECTIONS,
  INITDB_TIMEOUT_MS,
  PREDECESSOR_MS,
  SOCKET_DIRECTORY_BYTES,
} from '../limits.ts'
import { type Account, canEnter, databaseAccount } from './account.ts'
import { type Binaries, findBinaries } from './binaries.ts'

/**
 * The embedded PostgreSQL: a real server as a child of ours, on a unix socket alone, with a random password.
 *
 * Below its home (`STATE/database`) lie `data/` (the cluster, the account's own, 0700), `password` (0600, ours), `owner.json` (which process
 * started it) and `socket/`. As root it runs as an unprivileged account; where that account cannot enter the state directory (below
 * /root) the home is `/var/lib/holotype-database/RANDOM` and `STATE/database/moved-to` names it.
 *
 * It dies with us, however we die: the kernel sends it SIGINT, a fast and clean shutdown, when our process is gone (prctl(2), PR_SET_PDEATHSIG).
 */
export interface EmbeddedDatabase extends AsyncDisposable {
  /** How to connect, but for the database's name. */
  readonly connection: Pick<PoolConfig, 'host' | 'port' | 'user' | 'password'>
  /** The postmaster's process id. */
  readonly pid: number
  /** Settles when the postmaster has ended, wanted or not. */
  readonly ended: Promise<void>
  /** Stops it cleanly. May be called more than once. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  readonly stateDirectory: string
  /** Told each line the database logs. */
  readonly onLine?: (line: string) => void
  readonly progress?: Progress
  /** Settings of postgresql.conf that go before ours; for tests that do not need durability. */
  readonly settings?: Readonly<Record<string, string>>
}

const USER = 'holotype'
const PORT = 5432
/** Nothing of our own environment reaches the database; its messages are read by us and must not be translated. */
const ENVIRONMENT = { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC' }
const FALLBACK_HOME = '/var/lib/holotype-database'

/**
 * Starts the embedded PostgreSQL, making its cluster the first time, ending what a killed predecessor left behind.
 * @throws DATABASE_MISSING, DATABASE_ACCOUNT, DATABASE_IN_USE, DATABASE_FAILED
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const progress = options.progress ?? silent
  const account = await databaseAccount(join(options.stateDirectory, 'database/data'))
  const home = await makeHome(options.stateDirectory, account)
  const binaries = await findBinaries(home, account)
  const password = await keepText(join(home, 'password'), randomBytes(32).toString('hex'))
  const data = join(home, 'data')
  if (!(await isCluster(data)))
    await runTask(progress, { title: 'make the embedded database' }, () =>
      makeCluster(data, { binaries, account, password }),
    )
  return await runTask(progress, { title: 'start the embedded database' }, async () => {
    const socket = await makeSocketDirectory(home, account)
    for (const deadline = Date.now() + PREDECESSOR_MS; ; await sleep(100)) {
      await endPredecessor(home, data)
      const attempt = await startPostmaster({ binaries, account, data, socket, options })
      if (attempt.outcome === 'ready') {
        await writeOwner(home)
        return running(attempt.child, { socket, password, temporary: !socket.startsWith(home) })
      }
      const locked = /lock file ".*" already exists|pre-existing shared memory block/.test(attempt.lines)
      const inUse = locked && (await ownerLives(home))
      // The processes of a killed postmaster take a moment to be gone, and with them its locks and its shared memory.
      if (locked && !inUse && Date.now() < deadline) continue
      throw fail(inUse ? 'DATABASE_IN_USE' : 'DATABASE_FAILED', {
        what: `the embedded database in ${data} did not start:\n${attempt.lines}`,
      })
    }
  })
}

async function makeHome(stateDirectory: string, account: Account | undefined): Promise<string> {
  const home = join(stateDirectory, 'database')
  await mkdir(home, { recursive: true, mode: 0o711 })
  if (!account) return home
  // The state directory is ours: let the account pass through it. What is above is not ours to open.
  for (const path of [stateDirectory, home]) {
    const { mode, uid } = await stat(path)
    if (uid === 0 && (mode & 0o011) !== 0o011) await chmod(path, (mode & 0o7777) | 0o011)
  }
  const real = await realpath(home)
  if (await canEnter(real, account)) return real
  return await movedHome(join(home, 'moved-to'))
}

/**
 * The home elsewhere, of a name that was drawn once: named after the state directory's path it would give a later state directory of the
 * same path the data of the one before.
 */
async function movedHome(pointer: string): Promise<string> {
  const drawn = join(FALLBACK_HOME, randomBytes(8).toString('hex'))
  const moved = (await keepText(pointer, drawn)).trim()
  await mkdir(moved, { recursive: true, mode: 0o711 })
  // A strict umask takes from mkdir's mode what the account needs to pass through.
  for (const path of [FALLBACK_HOME, moved]) await chmod(path, 0o711)
  return moved
}

/** Reads a small private file, or makes it with `text`: of two that do so at once one wins, and both use its text. */
async function keepText(path: string, text: string): Promise<string> {
  const fresh = temporaryName(path)
  try {
    await writeFile(fresh, text, { mode: 0o600, flag: 'wx', flush: true })
    await link(fresh, path)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  } finally {
    await rm(fresh, { force: true })
  }
  return await readFile(path, 'utf8')
}

async function isCluster(data: string): Promise<boolean> {
  return (await readdir(data).catch((): string[] => [])).includes('PG_VERSION')
}

/** initdb beside and a rename, so that a half-made cluster is never taken for one. */
async function makeCluster(
  data: string,
  { binaries, account, password }: { binaries: Binaries; account: Account | undefined; password: string },
): Promise<void> {
  const making = temporaryName(data)
  await mkdir(making, { mode: 0o700 })
  const passwordFile = join(making, 'password')
  try {
    await mkdir(join(making, 'data'), { mode: 0o700 })
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (account)
      for (const path of [making, join(making, 'data'), passwordFile]) await chown(path, account.uid, account.gid)
    await run(
      [
        binaries.initdb,
        `--pgdata=${join(making, 'data')}`,
        `--username=${USER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Sorting must not depend on the machine's C library, whose collations change: nor must an index.
        '--locale-provider=builtin',
        '--locale=C',
        '--builtin-locale=C.UTF-8',
      ],
      { env: ENVIRONMENT, timeoutMs: INITDB_TIMEOUT_MS, cwd: making, ...account },
    )
    await rename(join(making, 'data'), data)
  } catch (error) {
    if (!(await isCluster(data)))
      throw fail('DATABASE_FAILED', {
        what: `cannot make the database in ${data}: ${error instanceof Error ? error.message : String(error)}`,
        cause: error,
      })
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

/** A directory for the socket: below home, or in the system's temporary directory where that path is too long for a socket's. */
async function makeSocketDirectory(home: string, account: Account | undefined): Promise<string> {
  const beside = join(home, 'socket')
  const fits = Buffer.byteLength(beside) <= SOCKET_DIRECTORY_BYTES && !/[",]/.test(beside)
  if (fits) await mkdir(beside, { recursive: true })
  const socket = fits ? beside : await mkdtemp(join(tmpdir(), 'holotype-db-'))
  await chmod(socket, 0o711)
  if (account) await chown(socket, account.uid, account.gid)
  return socket
}

type Attempt =
  | { readonly outcome: 'ready'; readonly child: ChildProcess }
  | { readonly outcome: 'ended'; readonly lines: string }

interface Start {
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly data: string
  readonly socket: string
  readonly options: EmbeddedOptions
}

async function startPostmaster({ binaries, account, data, socket, options }: Start): Promise<Attempt> {
  const settings = {
    ...options.settings,
    listen_addresses: '',
    unix_socket_directories: `"${socket}"`,
    port: String(PORT),
    max_connections: String(EMBEDDED_CONNECTIONS),
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
  }
  const child = spawn(
    'setpriv',
    // The account was taken on before setpriv runs: a change of account would clear the signal again.
    [
      '--pdeathsig',
      'INT',
      '--',
      binaries.postgres,
      '-D',
      data,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    // A group of its own, so that a terminal's Ctrl-C ends us first and not the database below us.
    { env: ENVIRONMENT, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'], ...account },
  )
  const lines: string[] = []
  const ready = new Promise<true>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      options.onLine?.(line)
      if (lines.length < 40) lines.push(line)
      if (line.includes('database system is ready to accept connections')) resolve(true)
    })
  })
  const timer = setTimeout(() => child.kill('SIGINT'), DATABASE_START_MS)
  try {
    const isReady = await Promise.race([ready, once(child, 'close').then(() => false)])
    return isReady ? { outcome: 'ready', child } : { outcome: 'ended', lines: lines.slice(-12).join('\n') }
  } catch (error) {
    return { outcome: 'ended', lines: `setpriv (Debian package util-linux) cannot be run: ${String(error)}` }
  } finally {
    clearTimeout(timer)
  }
}

function running(
  child: ChildProcess,
  place: { readonly socket: string; readonly password: string; readonly temporary: boolean },
): EmbeddedDatabase {
  const ended = (async () => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    if (place.temporary) await rm(place.socket, { recursive: true, force: true })
  })()
  const stop = async () => {
    child.kill('SIGINT')
    const timer = setTimeout(() => child.kill('SIGQUIT'), DATABASE_STOP_MS)
    await ended
    clearTimeout(timer)
  }
  return {
    connection: { host: place.socket, port: PORT, user: USER, password: place.password },
    pid: child.pid ?? 0,
    ended,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * Ends the postmaster of a predecessor that was killed. `postmaster.pid` alone proves nothing, the number may have gone to another
 * process since: ours is the one that has the data directory as its working directory.
 * @throws DATABASE_IN_USE if the process that started it is alive
 */
async function endPredecessor(home: string, data: string): Promise<void> {
  const file = join(data, 'postmaster.pid')
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)
  if (!Number.isInteger(pid) || pid <= 1) return
  const inData = async () => (await readlink(`/proc/${pid}/cwd`).catch(() => undefined)) === (await realpath(data))
  // PostgreSQL would take a process that has the number by chance for a postmaster and refuse to start.
  if (!(await inData())) return await rm(file, { force: true })
  const steps = [
    { signal: 'SIGINT', ms: PREDECESSOR_MS },
    { signal: 'SIGQUIT', ms: PREDECESSOR_MS },
  ] as const
  for (const { signal, ms } of steps) {
    if (await ownerLives(home))
      throw fail('DATABASE_IN_USE', { what: `another server (its database is process ${pid}) runs on ${home}` })
    process.kill(pid, signal)
    for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) if (!(await inData())) return
  }
  throw fail('DATABASE_IN_USE', { what: `the database of a server that was killed, process ${pid}, does not end` })
}

/** A process by its number and start, in clock ticks since boot: field 22 of proc_pid_stat(5), the 20th after the name. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}

async function writeOwner(home: string): Promise<void> {
  const path = join(home, 'owner')
  const fresh = temporaryName(path)
  await writeFile(fresh, `${process.pid} ${await startOf(process.pid)}\n`)
  await rename(fresh, path)
}

async function ownerLives(home: string): Promise<boolean> {
  const [pid, start] = (await readFile(join(home, 'owner'), 'utf8').catch(() => '')).trim().split(' ')
  return pid !== undefined && start !== undefined && start === (await startOf(Number.parseInt(pid, 10)))
}
