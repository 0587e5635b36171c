import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, silent } from '@holotype/base'
import { enrol } from '../../packages/agent/src/enrol.ts'
import { startFakeServer } from '../../packages/agent/src/testing/fake-server.ts'
import { formatEnrolmentToken } from '../../packages/agent/src/token.ts'
import { publishImage } from '@holotype/image'
import { openStore } from '@holotype/store'
import { type ChannelTarget, createKeyring, initTrust, publishStatement } from '@holotype/trust'
import { measure } from '../harness/measure.ts'
import { AGENT } from '../harness/place.ts'
import type { WebServer } from './nginx.ts'
import { type Deliverer, withServer } from './peers.ts'
import type { Trees } from './trees.ts'
import { imageOfTree } from './tree-image.ts'

export interface OwnSite {
  readonly root: Buffer
  /** Publishes the statement that names the first or the second image. */
  state(which: 0 | 1): Promise<void>
}

/** Both trees as images on a site, with a delta from the first to the second. */
export async function makeSite(directory: string, trees: Trees, say: (line: string) => void): Promise<OwnSite> {
  const [store, site] = [openStore(join(directory, 'store')), join(directory, 'www/site')]
  mkdirSync(site, { recursive: true })
  const now = new Date()
  const keyring = await createKeyring(join(directory, 'keys'), { now })
  const { root } = await initTrust({ site, keyring, channels: ['web'], now })
  say('both trees into the store')
  const images = [imageOfTree(store, trees.release), imageOfTree(store, trees.updates)] as const
  const objects = openStore(site)
  const timed = async (title: string, work: () => Promise<ChannelTarget>) => {
    const start = performance.now()
    const target = await work()
    say(`${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
    return target
  }
  const [release, updates] = images
  const first = await timed('publish the first', () =>
    publishImage({ store, site: objects, image: release, onto: [], progress: silent }),
  )
  const second = await timed('publish the second and the delta', () =>
    publishImage({ store, site: objects, image: updates, onto: first.packs, from: release, progress: silent }),
  )
  let number = 0
  const iso = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`
  return {
    root: Buffer.from(root),
    state: (which) =>
      publishStatement({
        site,
        keyring,
        now: new Date(),
        statement: {
          schema: 'holotype.channel/2',
          channel: 'web',
          number: ++number,
          issued: iso(Date.now()),
          expires: iso(Date.now() + 86_400_000),
          current: which === 0 ? first : second,
          reason: 'bench',
          actor: 'bench',
          commit: 'none',
        },
      }),
  }
}

/** Our agent, from nginx, by itself as fast as its peers. Every file is looked at by its stat where a peer compares all; damage is found by that too, as a change moves ctime. */
export function own(site: OwnSite, nginx: WebServer, flags: readonly string[] = ['--no-throttle']): Deliverer {
  const servers: AsyncDisposable[] = []
  return {
    who: ['holotype-agent', ...flags].join(' '),
    rootOf: (target) => join(target, 'root'),
    async run(step, target, as = measure) {
      if (step === 'first') servers.push(await enrolNode(target, `${nginx.url}/site`, site.root))
      if (step === 'first' || step === 'delta') await site.state(step === 'first' ? 0 : 1)
      const more = [...flags, ...(step === 'damaged' ? ['--verify'] : [])]
      const argv = [AGENT, 'run', '--once', '--json', '--state', join(target, 'state'), ...more] as const
      return await withServer(nginx, () => as({ argv: [...argv] }))
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]()
    },
  }
}

/** A node with an empty root. */
async function enrolNode(directory: string, site: string, root: Buffer): Promise<AsyncDisposable> {
  const server = await startFakeServer()
  await enrol({
    server: server.url,
    sites: [site],
    token: formatEnrolmentToken({ secret: 'a-secret-that-is-good-once', root: digestOf(root) }),
    root: join(directory, 'root'),
    state: join(directory, 'state'),
    hostname: 'bench.example',
  })
  return server
}
