import { join } from 'node:path'
import { run } from '@holotype/base'
import { measure } from '../../harness/measure.ts'
import { type Deliverer, withServer } from '../deliverer.ts'
import { startNginx } from '../nginx.ts'
import type { Trees } from '../trees.ts'

/** An index of each tree, and a store of the chunks of both. */
export async function makeChunks(directory: string, trees: Trees): Promise<void> {
  for (const [name, tree] of Object.entries(trees))
    await run(['casync', 'make', '--with=unix', `--store=${directory}/store`, join(directory, `${name}.caidx`), tree], {
      timeoutMs: 30 * 60_000,
    })
}

/** casync in place: what lies there is the seed, of which it reads every file each time. */
export async function casync(directory: string, www: string, trees: Trees): Promise<Deliverer> {
  const server = await startNginx(join(directory, 'nginx'), www)
  return {
    name: 'casync',
    ours: false,
    verifies: true,
    steps: ['first', 'delta', 'looked', 'reread'],
    trees,
    mtimes: true,
    who: () => 'casync extract, in place',
    rootOf: (target) => target,
    prepare: () => Promise.resolve(),
    run(step, target, as = measure) {
      const index = `${server.url}/${step === 'first' ? 'release' : 'updates'}.caidx`
      const argv = ['casync', 'extract', '--with=unix', `--store=${server.url}/store`, index, target] as const
      return withServer(server, () => as({ argv: [...argv] }))
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
