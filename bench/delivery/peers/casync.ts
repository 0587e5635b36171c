import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { measure } from '../../harness/measure.ts'
import { type Deliverer, type Step, withServer } from '../deliverer.ts'
import { startNginx } from '../nginx.ts'
import type { Trees } from '../trees.ts'

/** An index of each tree, and a store of the chunks of both. */
export async function makeChunks(directory: string, trees: Trees): Promise<void> {
  for (const [name, tree] of Object.entries(trees))
    await run(['casync', 'make', '--with=unix', `--store=${directory}/store`, join(directory, `${name}.caidx`), tree], {
      timeoutMs: 30 * 60_000,
    })
}

/**
 * casync with what lies there as its seed, of which it reads every file each time. A changed tree goes beside the old one: a seed that is changed while it is read ends in "Stale file
 * handle". Where nothing is new it is extracted in place.
 */
export async function casync(directory: string, www: string, trees: Trees): Promise<Deliverer> {
  const server = await startNginx(join(directory, 'nginx'), www)
  const rootOf = (target: string, step: Step) => join(target, step === 'first' || step === 'reread' ? step : 'second')
  const seedOf = (target: string, step: Step) =>
    step === 'delta' ? rootOf(target, 'first') : step === 'reread' ? rootOf(target, 'looked') : undefined
  return {
    name: 'casync',
    ours: false,
    verifies: true,
    once: true,
    steps: ['first', 'delta', 'looked', 'reread'],
    trees,
    mtimes: true,
    who: (step) => (step === 'delta' || step === 'reread' ? 'casync extract beside its seed' : 'casync extract'),
    rootOf,
    prepare: () => Promise.resolve(),
    run(step, target, as = measure) {
      const [root, seed] = [rootOf(target, step), seedOf(target, step)]
      mkdirSync(root, { recursive: true })
      const index = `${server.url}/${step === 'first' ? 'release' : 'updates'}.caidx`
      const told = ['--with=unix', `--store=${server.url}/store`, ...(seed === undefined ? [] : [`--seed=${seed}`])]
      return withServer(server, () => as({ argv: ['casync', 'extract', ...told, index, root] }))
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
