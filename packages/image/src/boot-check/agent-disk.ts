import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Digest, digestOf, type Progress, run, SYSTEM_PATH } from '@holotype/base'
import { openStore, type Store } from '@holotype/store'
import { type ChannelTarget, createKeyring, initTrust, type PackRef, publishStatement } from '@holotype/trust'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { EXPORT_TIMEOUT_MS } from '../limits.ts'
import { publishImage } from '../publish/publish-image.ts'

/*
 * A second disk for the guest, so that nothing of it is installed in the image: the agent with its own Node and C library, and a site of
 * its own keys with one statement after the other. The site's objects lie there once; each statement has the trust metadata as they were
 * when it was the newest.
 */

export const DISK_LABEL = 'holotype-agent'
const CHANNEL = 'boot-check'
const STATEMENT_DAYS = 30

export interface AgentProgram {
  /** Its file, in the package it is part of: `agentProgram` of @holotype/agent. */
  readonly file: string
  /** The Node that runs it, for this machine's architecture. */
  readonly node: string
}

export interface AgentDiskOptions {
  readonly store: Store
  readonly agent: AgentProgram
  /** What the channel's statements name, from number 1 on. */
  readonly images: readonly Digest[]
  /** An empty directory on a disk with room. */
  readonly scratch: string
  readonly progress: Progress
}

export interface AgentDisk {
  /** A file with an ext4 file system, which every guest can read, as its root is one. */
  readonly path: string
  /** The agent's file from the disk's root. */
  readonly program: string
  readonly channel: string
  /** Of the site's first root file, which is its only one: a node is given it when it enrols. */
  readonly trustRoot: Digest
}

/** @throws BOOT_FAILED (an agent's dependency is missing), PROCESS_*, OBJECT_MISSING, OBJECT_CORRUPT, DISK_FULL */
export async function makeAgentDisk(options: AgentDiskOptions): Promise<AgentDisk> {
  const { agent, scratch } = options
  const tree = join(scratch, 'tree')
  mkdirSync(join(tree, 'lib'), { recursive: true })
  cpSync(realpathSync(agent.node), join(tree, 'node'))
  for (const library of await librariesOf(agent.node)) {
    // The program that loads the others is known by one name on every disk.
    const name = basename(library).startsWith('ld-linux') ? 'loader' : basename(library)
    cpSync(realpathSync(library), join(tree, 'lib', name))
  }
  cpSync(fileURLToPath(new URL('serve-site.ts', import.meta.url)), join(tree, 'serve-site.ts'))
  const program = copyProgram(agent.file, join(tree, 'app'))
  const trustRoot = await makeSites(options, tree)
  const path = join(scratch, 'agent.disk')
  await makeFileSystem(tree, path)
  return { path, program: join('app', program), channel: CHANNEL, trustRoot }
}

/** The C library and what else Node is linked with. An image may have none of it, or older ones. */
async function librariesOf(node: string): Promise<string[]> {
  const { stdout } = await run(['ldd', node], { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' } })
  return [...stdout.toString().matchAll(/^\t(?:\S+ => )?(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? [])
}

const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

/** Copies the package of a program and all that it depends on, each to the place where it lies from their common root; gives the program's. */
function copyProgram(file: string, to: string): string {
  const real = realpathSync(file)
  const own = above(dirname(real), (directory) => existsSync(join(directory, 'package.json')))
  const root = above(own, (directory) => existsSync(join(directory, 'node_modules', '@holotype')))
  const seen = new Set<string>()
  const queue = [own]
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    if (seen.has(directory)) continue
    seen.add(directory)
    if (relative(root, directory).startsWith('..'))
      throw fail('BOOT_FAILED', { what: `the agent's dependency ${directory} does not lie in ${root}` })
    cpSync(directory, join(to, relative(root, directory)), { recursive: true })
    const { dependencies, optionalDependencies } = packageSchema.parse(
      JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')),
    )
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const holder = find(directory, (candidate) => existsSync(join(candidate, 'node_modules', name)))
      if (holder === undefined) {
        if (Object.hasOwn(optionalDependencies, name)) continue
        throw fail('BOOT_FAILED', { what: `the agent's dependency ${name} is not installed` })
      }
      const place = join(holder, 'node_modules', name)
      queue.push(realpathSync(place))
      const link = join(to, relative(root, place))
      if (seen.has(link) || !lstatSync(place).isSymbolicLink()) continue
      seen.add(link)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(relative(dirname(place), realpathSync(place)), link)
    }
  }
  return relative(root, real)
}

function find(from: string, holds: (directory: string) => boolean): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    if (holds(directory)) return directory
    if (directory === dirname(directory)) return undefined
  }
}

function above(from: string, holds: (directory: string) => boolean): string {
  const found = find(from, holds)
  if (found === undefined) throw fail('BOOT_FAILED', { what: `${from} is no part of an installed package` })
  return found
}

/** A site whose channel says one image after the other. Its keys are made for it and thrown away. */
async function makeSites({ store, images, scratch, progress }: AgentDiskOptions, tree: string): Promise<Digest> {
  const site = join(scratch, 'site')
  const now = new Date()
  const keyring = await createKeyring(join(scratch, 'keys'), { now })
  const { root } = await initTrust({ site, keyring, channels: [CHANNEL], now })
  const objects = openStore(site)
  let packs: readonly PackRef[] = []
  for (const [index, image] of images.entries()) {
    const current: ChannelTarget = await publishImage({ store, site: objects, image, onto: packs, progress })
    packs = [...new Map([...packs, ...current.packs].map((pack) => [pack.index, pack])).values()]
    await publishStatement({
      site,
      keyring,
      now,
      statement: {
        schema: 'holotype.channel/2',
        channel: CHANNEL,
        number: index + 1,
        issued: wholeSeconds(now),
        expires: wholeSeconds(new Date(now.getTime() + STATEMENT_DAYS * 86_400_000)),
        current,
        reason: 'boot check',
        actor: 'boot-check',
        commit: '0'.repeat(40),
      },
    })
    const state = join(tree, `statement-${index + 1}`)
    cpSync(site, state, { recursive: true, filter: (path) => relative(site, path).split('/')[0] !== 'objects' })
    symlinkSync('../objects', join(state, 'objects'))
  }
  cpSync(join(site, 'objects'), join(tree, 'objects'), { recursive: true })
  return digestOf(root)
}

function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}

const MIB = 1024 * 1024

async function makeFileSystem(tree: string, path: string): Promise<void> {
  const env = { PATH: SYSTEM_PATH, LC_ALL: 'C', MKE2FS_CONFIG: '/dev/null' }
  const { stdout } = await run(['du', '--summarize', '--block-size=1M', tree], { env })
  const size = Math.ceil(Number(stdout.toString().split('\t')[0]) * 1.2) + 32
  const shape = ['-b', '4096', '-i', '8192', '-m', '0', '-O', '^has_journal', '-L', DISK_LABEL]
  await run(['mke2fs', '-q', '-F', '-t', 'ext4', ...shape, '-d', tree, path, `${(size * MIB) / 1024}k`], {
    env,
    timeoutMs: EXPORT_TIMEOUT_MS,
  })
}
