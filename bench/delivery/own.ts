import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, silent } from '@holotype/base'
import { publishImage } from '@holotype/image'
import { openStore } from '@holotype/store'
import { type ChannelTarget, createKeyring, initTrust, parseStatement, publishStatement } from '@holotype/trust'
import { enrol } from '../../packages/agent/src/enrol.ts'
import { startFakeServer } from '../../packages/agent/src/testing/fake-server.ts'
import { formatEnrolmentToken } from '../../packages/agent/src/token.ts'
import { codeDigest } from '../../packages/image/src/code-digest.ts'
import { type Measured, measure } from '../harness/measure.ts'
import { type Deliverer, type Step, STEPS, withServer } from './deliverer.ts'
import type { WebServer } from './nginx.ts'
import { imageOfTree } from './tree-image.ts'
import type { Trees } from './trees.ts'

const PACKAGES = join(import.meta.dirname, '../../packages')
const DAY_MS = 86_400_000

/** What decides about the bytes of a site: the code that writes them, and the library that compresses them. */
export const SITE_CODE: readonly string[] = [
  codeDigest(join(PACKAGES, 'store/src')),
  codeDigest(join(PACKAGES, 'image/src/publish')),
  ...[join(import.meta.dirname, 'tree-image.ts'), join(PACKAGES, 'trust/src/statement.ts')].map((file) =>
    digestOf(readFileSync(file)),
  ),
  process.versions.zstd ?? '',
]

/** Both trees as images, with a delta from the first to the second: a site's objects, and a statement for each that nobody signed yet. */
export async function makeObjects(directory: string, trees: Trees, say: (line: string) => void): Promise<void> {
  const store = openStore(join(directory, 'store'))
  mkdirSync(join(directory, 'site'))
  const site = openStore(join(directory, 'site'))
  say('both trees into the store')
  const [release, updates] = [imageOfTree(store, trees.release), imageOfTree(store, trees.updates)]
  const publish = async (
    title: string,
    options: Pick<Parameters<typeof publishImage>[0], 'image' | 'onto' | 'from'>,
  ) => {
    const start = performance.now()
    const target = await publishImage({ store, site, progress: silent, ...options })
    say(`${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
    return target
  }
  const first = await publish('publish the first', { image: release, onto: [] })
  const second = await publish('publish the second and the delta', { image: updates, onto: first.packs, from: release })
  for (const [name, target] of Object.entries({ first, second }))
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(statementOf(target, 1)))
  renameSync(join(directory, 'site/objects'), join(directory, 'objects'))
  for (const name of ['site', 'store']) rmSync(join(directory, name), { recursive: true })
}

function statementOf(current: ChannelTarget, number: number): Parameters<typeof publishStatement>[0]['statement'] {
  const iso = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`
  return {
    schema: 'holotype.channel/2',
    channel: 'web',
    number,
    issued: iso(Date.now()),
    expires: iso(Date.now() + DAY_MS),
    current,
    reason: 'bench',
    actor: 'bench',
    commit: 'none',
  }
}

export interface OwnSite {
  readonly root: Buffer
  /** Publishes the statement that names the first or the second image. */
  state(which: 'first' | 'second'): Promise<void>
}

/** A site with keys of its own, at `www/site` below a directory, of objects that {@link makeObjects} made. */
export async function openOwnSite(directory: string, kept: string): Promise<OwnSite> {
  const site = join(directory, 'www/site')
  mkdirSync(site, { recursive: true })
  symlinkSync(join(kept, 'objects'), join(site, 'objects'))
  const now = new Date()
  const keyring = await createKeyring(join(directory, 'keys'), { now })
  const { root } = await initTrust({ site, keyring, channels: ['web'], now })
  const targetOf = (which: string) => parseStatement(readFileSync(join(kept, `${which}.json`))).current
  const targets = { first: targetOf('first'), second: targetOf('second') }
  let number = 0
  return {
    root: Buffer.from(root),
    state: (which) =>
      publishStatement({ site, keyring, now: new Date(), statement: statementOf(targets[which], ++number) }),
  }
}

export interface OwnOptions {
  /** The program that starts the agent. */
  readonly agent: string
  readonly trees: Trees
  /** For `run`. */
  readonly flags?: readonly string[]
}

/**
 * Our agent, from nginx, as fast as its peers. Damage it finds by stat, as writing moves ctime; and by reading every file, as `rescue` does.
 */
export function own(site: OwnSite, nginx: WebServer, options: OwnOptions): Deliverer {
  const { agent, trees, flags = ['--no-throttle'] } = options
  const servers: AsyncDisposable[] = []
  const wordsOf = (step: Step) =>
    step === 'reread' ? ['rescue'] : ['run', ...flags, ...(LOOKS.has(step) ? ['--verify'] : [])]
  return {
    name: 'holotype',
    ours: true,
    verifies: true,
    steps: STEPS,
    trees,
    mtimes: true,
    who: (step) => ['holotype-agent', ...wordsOf(step)].join(' '),
    rootOf: (target) => join(target, 'root'),
    async prepare(target) {
      servers.push(await enrolNode(target, `${nginx.url}/site`, site.root))
    },
    async run(step, target, as = measure) {
      if (step === 'first' || step === 'delta') await site.state(step === 'first' ? 'first' : 'second')
      const more = step === 'reread' ? ['--root', join(target, 'root')] : ['--once']
      const argv = [agent, ...wordsOf(step), '--json', '--state', join(target, 'state'), ...more] as const
      return await withServer(nginx, async () => ended(step, await as({ argv: [...argv] })))
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

const LOOKS: ReadonlySet<Step> = new Set(['looked', 'damaged'])

/** A run that found the statement unchanged looks at nothing: only where nothing is new it may. */
function ended(step: Step, { stdout, ...cost }: Measured): Omit<Measured, 'stdout'> {
  const outcome = step === 'nothing' ? 'unchanged' : 'converged'
  if (!stdout.includes(`"outcome":"${outcome}"`))
    throw new Error(`the agent's ${step} did not end ${outcome}: ${stdout.slice(-500)}`)
  return cost
}

/** A node with an empty root. */
async function enrolNode(directory: string, site: string, root: Buffer): Promise<AsyncDisposable> {
  const server = await startFakeServer()
  await enrol({
    server: server.url,
    sites: [site],
    token: formatEnrolmentToken({ secret: 'a-secret-that-is-good-once', version: 1, root: digestOf(root) }),
    root: join(directory, 'root'),
    state: join(directory, 'state'),
    hostname: 'bench.example',
  })
  return server
}
