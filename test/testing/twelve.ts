import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { enrol, formatEnrolmentToken, runOnce } from '@holotype/agent'
import { type Digest, digestOf, hexOf, run } from '@holotype/base'
import { makeWorld, type World } from '../../packages/agent/src/testing/world.ts'
import type { Host, Link, Network } from './network.ts'

/** One request to a mirror, with no bytes, or one body that it sent. */
export interface Sent {
  /** Role and the node's name. */
  readonly base: string
  readonly path: string
  /** Where in the file it began, and how far it came. */
  readonly start: number
  readonly bytes: number
}

export interface MirrorHost {
  readonly address: string
  readonly sent: Sent[]
}

/** What makes a mirror's machine bad, besides what it serves. */
interface MirrorKind extends Link {
  /** Milliseconds that each byte takes longer, each way. */
  readonly delayMs?: number
  /** Bytes of objects after which it dies. */
  readonly dies?: { readonly after: number; readonly by: 'kill' | 'unplug' }
  /** Where it sends whoever it redirects. */
  readonly elsewhere?: string
}

/** Mirrors in a network, which end with this. */
export async function startMirrors<Name extends string>(
  network: Network,
  sites: string,
  kinds: Readonly<Record<Name, MirrorKind>>,
): Promise<Readonly<Record<Name, MirrorHost>> & AsyncDisposable> {
  const children: ChildProcess[] = []
  const start = async ({ delayMs = 0, dies, elsewhere = '', ...link }: MirrorKind): Promise<MirrorHost> => {
    const host = await network.host(link)
    const death = dies ? [`${dies.after}`, dies.by] : ['0', '']
    const [program, ...args] = host.command([process.execPath, MIRROR, sites, `${delayMs}`, ...death, elsewhere])
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    const sent: Sent[] = []
    const lines = createInterface(child.stdout)
    await once(lines, 'line')
    lines.on('line', (line) => sent.push(JSON.parse(line)))
    return { address: host.address, sent }
  }
  const mirrors: Partial<Record<Name, MirrorHost>> = {}
  for (const name in kinds) mirrors[name] = await start(kinds[name])
  return Object.assign(complete(mirrors, kinds), {
    async [Symbol.asyncDispose]() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return
          child.stdin?.end()
          await once(child, 'exit')
        }),
      )
    },
  })
}

const MIRROR = join(import.meta.dirname, 'mirror-process.ts')
const NODE = join(import.meta.dirname, 'node-process.ts')

function complete<Name extends string, T>(
  partial: Partial<Record<Name, T>>,
  names: Readonly<Record<Name, unknown>>,
): Record<Name, T> {
  const isComplete = (value: Partial<Record<Name, T>>): value is Record<Name, T> =>
    Object.keys(names).every((name) => Object.hasOwn(value, name))
  if (isComplete(partial)) return partial
  throw new Error('a mirror did not start')
}

/** How a run of the agent ended. */
export interface NodeOutcome {
  readonly outcome: string
  readonly image: Digest | null
  readonly statement: number
  readonly code: string | null
  readonly message: string | null
  readonly fetched: number
  readonly milliseconds: number
}

export interface Node {
  readonly name: string
  readonly host: Host
  readonly root: string
  readonly state: string
}

/** Enrols a node; its host reaches neither server nor the site it enrolled at. */
export async function makeNode(world: World, network: Network, name: string): Promise<Node> {
  const [root, state] = [join(world.directory, name, 'root'), join(world.directory, name, 'state')]
  world.server.secrets.add('a-secret-that-is-good-once')
  const token = {
    secret: 'a-secret-that-is-good-once',
    version: 1,
    root: digestOf(readFileSync(join(world.site, 'trust/1.root.json'))),
  }
  await enrol({
    server: world.server.url,
    sites: [world.mirror.url],
    token: formatEnrolmentToken(token),
    root,
    state,
    hostname: name,
  })
  return { name, host: await network.host(), root, state }
}

/** Brings it to what the world's site has now, without any fault. */
export async function bringUp({ mirror }: World, { state }: Node): Promise<void> {
  useSites(state, [mirror.url])
  const { error } = await runOnce({ state, now: Date.now, newId: () => `up-${Math.random()}` })
  if (error) throw error
}

/**
 * A run on the node's host, with these mirrors.
 * @param rates bytes a second that an earlier run would have measured of each
 */
export async function runNode(
  { host, state }: Node,
  sites: readonly string[],
  rates: readonly number[] = [],
): Promise<NodeOutcome> {
  const figures = rates.map((bytesPerSecond, index) => [sites[index], { bytesPerSecond, measuredAt: Date.now() }])
  writeFileSync(join(state, 'mirrors.json'), JSON.stringify(Object.fromEntries(figures)))
  useSites(state, sites)
  const started = performance.now()
  const { stdout } = await run(host.command([process.execPath, NODE, state]), { timeoutMs: 90_000 })
  return { ...JSON.parse(stdout.toString()), milliseconds: performance.now() - started }
}

function useSites(state: string, sites: readonly string[]): void {
  const path = join(state, 'config.json')
  const config: unknown = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify(Object.assign({}, config, { sites })))
}

/** A world whose site was copied at three times, and one of other people: the folders that `mirror-process.ts` serves. */
export async function makeSites(): Promise<{
  readonly world: World
  readonly sites: string
  /** The site as it is now, under one of the names. */
  keep(name: 'new' | 'old' | 'expired'): void
}> {
  const world = await makeWorld()
  await using thief = await makeWorld()
  const sites = join(world.directory, 'sites')
  mkdirSync(sites)
  // Whoever has no key of ours, but numbers higher than any of ours.
  const image = await thief.image({ 'usr/bin/thief': 'a thief was here' })
  for (const number of [1, 2, 3, 4, 5, 6, 7, 8]) await thief.publish(1_000_000 + number, image)
  cpSync(thief.site, join(sites, 'forged'), { recursive: true })
  return {
    world,
    sites,
    keep: (name) => cpSync(world.site, join(sites, name), { recursive: true }),
  }
}

/** Adds every file of a site: what a node may hold. */
export function addPublished(published: Set<Digest>, site: string): void {
  for (const file of filesBelow(site)) published.add(digestOf(readFileSync(file)))
}

/** Files of a node that hold bytes which no site of ours published, or whose name says something else than their bytes. */
export function strangeFiles({ root, state }: Node, published: ReadonlySet<Digest>): string[] {
  const isStrange = (file: string) => !published.has(digestOf(readFileSync(file)))
  const isMisnamed = (file: string) => !file.endsWith(`/${hexOf(digestOf(readFileSync(file)))}`)
  const objects = ['kept', 'staged', 'previous'].flatMap((folder) => filesBelow(join(state, folder)))
  const others = [...filesBelow(root), ...filesBelow(join(state, 'trust'))]
  return [...others.filter(isStrange), ...objects.filter((file) => isMisnamed(file) || isStrange(file))]
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}
