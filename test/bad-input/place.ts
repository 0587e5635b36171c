import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run, SYSTEM_PATH } from '@holotype/base'
import { z } from 'zod'
import { serve, type TestServer } from '../../packages/repository/src/testing/server.ts'
import { makeUpstream, type PackageWords, type TestUpstream } from '../../packages/repository/src/testing/upstream.ts'

/*
 * A place in which the public commands are run as a person runs them: a distribution in git, a home, and an archive of a few packages that the
 * "machine's own" apt sources name, served by a server that lies when told to.
 */

const ROOT = join(import.meta.dirname, '../..')
export const HOLOTYPE = join(ROOT, 'bin/holotype')
export const AGENT = join(ROOT, 'bin/holotype-agent')
const ENDED_MS = 30_000

export const isRoot = process.getuid?.() === 0

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const failureSchema = z.looseObject({
  code: z.string(),
  what: z.string().min(1),
  hint: z.string().min(1),
  exitCode: z.number(),
})
export type Failure = z.output<typeof failureSchema>

export interface Place extends AsyncDisposable {
  readonly directory: string
  readonly distribution: string
  readonly home: string
  readonly archive: TestUpstream
  readonly server: TestServer
  /** Writes a file below the distribution. */
  write(path: string, text: string): void
  /** Writes the machine's apt sources. */
  sources(more?: { readonly key?: string; readonly url?: string }): void
  holotype(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>
  /** Runs the command with `--json`, checks that it says one error and nothing else, and that it exits as the error says. */
  failure(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Failure>
  /** Runs the command with `--json` and gives back its result. */
  result(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<unknown>
  /** Starts the command and leaves it running. */
  start(args: readonly string[]): Running
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ran>
}

/** The packages of the archive. `web` needs `lib`; `clash` and `rival` cannot be together. */
export const PACKAGES: readonly PackageWords[] = [
  { name: 'web', depends: 'lib (>= 1.0)' },
  { name: 'lib', content: 'x'.repeat(20_000) },
  { name: 'old-web', depends: 'middle' },
  { name: 'middle', depends: 'lib (<< 1.0)' },
]

export const DISTRIBUTION: Readonly<Record<string, string>> = {
  '.gitignore': '.holotype/\n',
  'holotype.yaml': `name: acme
upstreams:
  debian: { format: deb, from: host, pockets: [release] }
policy:
  approvals: 1
  self_approval: true
`,
  'images/web.yaml': `description: a test
packages:
  - web
`,
  'channels/web.yaml': `image: web
waves:
  - name: canary
    select: { tier: canary }
  - name: rest
`,
}

/** @param home where the state lies; by default beside the distribution */
export async function makePlace(home?: string): Promise<Place> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'holotype-bad-')))
  // The database's account must be able to enter: else its data go elsewhere and outlive the test.
  chmodSync(directory, 0o755)
  const distribution = join(directory, 'acme')
  const archive = await makeUpstream(join(directory, 'upstream'))
  await archive.publish(PACKAGES)
  const server = await serve(archive.base)
  const machine = join(directory, 'machine')
  const children = new Set<ChildProcess>()
  const env = {
    PATH: SYSTEM_PATH,
    HOME: directory,
    HOLOTYPE_HOME: home ?? join(directory, 'home'),
    HOLOTYPE_APT_ROOT: machine,
    HOLOTYPE_ACTOR: 'alice',
  }
  const put = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const startProgram = (args: readonly string[], more: Readonly<Record<string, string>> = {}): Running => {
    const child = spawn(HOLOTYPE, args, { cwd: distribution, env: { ...env, ...more } })
    children.add(child)
    const ended = endOf(child).finally(() => children.delete(child))
    return { child, ended }
  }
  const place: Place = {
    directory,
    distribution,
    home: env.HOLOTYPE_HOME,
    archive,
    server,
    write: (path, text) => put(join(distribution, path), text),
    sources({ key = archive.key, url = server.url } = {}) {
      put(join(machine, 'etc/os-release'), 'ID=debian\nVERSION_CODENAME=trixie\n')
      put(join(machine, 'etc/apt/archive.asc'), key)
      put(join(machine, 'etc/apt/sources.list'), `deb [signed-by=/etc/apt/archive.asc] ${url} trixie main\n`)
    },
    async holotype(args, more) {
      const { child, ended } = startProgram(args, more)
      const timer = setTimeout(() => child.kill('SIGKILL'), ENDED_MS)
      return ended.finally(() => clearTimeout(timer))
    },
    async failure(args, more) {
      const ran = await place.holotype([...args, '--json'], more)
      return failureOf(ran)
    },
    async result(args, more) {
      const { code, stdout, stderr } = await place.holotype([...args, '--json'], more)
      if (code !== 0) throw new Error(`holotype ${args.join(' ')} ended with ${code}: ${stderr}`)
      return JSON.parse(stdout)
    },
    start: (args) => startProgram(args),
    async [Symbol.asyncDispose]() {
      const ends = [...children].map((child) => new Promise((resolve) => child.once('exit', resolve)))
      for (const child of children) child.kill('SIGTERM')
      await Promise.all(ends)
      await server[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  place.sources()
  for (const [path, text] of Object.entries(DISTRIBUTION)) place.write(path, text)
  await git(distribution, 'init', '--quiet', '--initial-branch=main')
  await git(distribution, 'add', '--all')
  await git(distribution, 'commit', '--quiet', '--message', 'begin')
  return place
}

async function git(directory: string, ...words: string[]): Promise<void> {
  const identity = ['-c', 'user.name=alice', '-c', 'user.email=alice@example.org', '-c', 'commit.gpgsign=false']
  await run(['git', '-C', directory, ...identity, ...words], { env: { PATH: SYSTEM_PATH, HOME: directory } })
}

/** The one error that a command with `--json` printed: the last line of stderr, after progress alone. */
export function failureOf({ code, stdout, stderr }: Ran): Failure {
  const lines = stderr.trim().split('\n')
  const failure = failureSchema.parse(JSON.parse(lines.at(-1) ?? ''))
  const others = lines.slice(0, -1).filter((line) => !line.startsWith('{"event":'))
  if (others.length > 0 || stdout !== '') throw new Error(`more than one error: ${others.join('\n')}${stdout}`)
  if (failure.exitCode !== code) throw new Error(`says ${failure.exitCode}, exits with ${code}`)
  return failure
}

function endOf(child: ChildProcess): Promise<Ran> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
  })
}

/** Every path below a directory, sorted; nothing where it is not there. */
export function pathsBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  } catch {
    return []
  }
}

/** Files that a command left half-written: none, however it ended. */
export function halfWritten(directory: string): string[] {
  return pathsBelow(directory).filter((path) => /\.tmp-/.test(path))
}

/** Where an object lies in a store or on a site. */
export function objectPath(store: string, digest: string): string {
  const hex = digest.replace(/^sha256:/, '')
  return join(store, 'objects', hex.slice(0, 2), hex.slice(2))
}

/** Turns one bit in the middle of bytes, as a bad disk does. */
export function withBitTurned(bytes: Buffer): Buffer {
  const turned = Buffer.from(bytes)
  const middle = turned.length >> 1
  turned[middle] = (turned[middle] ?? 0) ^ 1
  return turned
}

/** Writes over a file that may be read-only. */
export function overwrite(path: string, bytes: Uint8Array): void {
  chmodSync(path, 0o644)
  writeFileSync(path, bytes)
}
