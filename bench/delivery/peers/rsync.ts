import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { measure } from '../../harness/measure.ts'
import { startRsync } from '../../harness/rsync-daemon.ts'
import type { Deliverer, Measure, Step } from '../deliverer.ts'
import { processorSeconds } from '../nginx.ts'
import type { Trees } from '../trees.ts'

export interface RsyncOptions {
  readonly name: string
  readonly flags: string
  /** What starts it, as nice does. */
  readonly starter?: readonly string[]
  /** Mtimes tell nothing, so every file is read on both sides. Begins with the first tree copied, as that step is the same. */
  readonly clamped?: boolean
}

/** rsync from its daemon. Damage that kept size and mtime it finds by reading every file on both sides. */
export async function rsync(directory: string, trees: Trees, options: RsyncOptions): Promise<Deliverer> {
  const { name, flags, starter = [], clamped = false } = options
  const modules = join(directory, 'modules')
  mkdirSync(modules, { recursive: true })
  symlinkSync(trees.release, join(modules, 'first'))
  symlinkSync(trees.updates, join(modules, 'second'))
  const daemon = await startRsync(join(directory, 'daemon'), modules)
  const flagsOf = (step: Step) => (clamped || step === 'reread' ? `${flags}c` : flags)
  const pull = async (step: Step, target: string, as: Measure) => {
    const [first, ...rest] = [...starter, 'rsync']
    const told = [flagsOf(step), '--numeric-ids', '--delete', '--stats']
    const module = step === 'first' ? 'first' : 'second'
    const { stdout, ...cost } = await as({ argv: [first, ...rest, ...told, `${daemon.url}${module}/`, `${target}/`] })
    const total = (which: string) =>
      Number(new RegExp(`Total bytes ${which}: ([\\d,.]+)`).exec(stdout)?.[1]?.replaceAll(/\D/g, '') ?? 0)
    return { ...cost, wireBytes: total('received') + total('sent') }
  }
  return {
    name,
    ours: false,
    verifies: false,
    steps: clamped ? ['delta', 'looked'] : ['first', 'delta', 'looked', 'reread'],
    trees,
    mtimes: true,
    who: (step) => [...starter, `rsync ${flagsOf(step)} --delete${clamped ? ', clamped mtimes' : ''}`].join(' '),
    rootOf: (target) => target,
    async prepare(target) {
      if (clamped) await run(['cp', '--archive', `${trees.release}/.`, target], { timeoutMs: 10 * 60_000 })
    },
    async run(step, target, as = measure) {
      const before = processorSeconds(daemon.pid)
      const pulled = await pull(step, target, as)
      return { ...pulled, serverSeconds: processorSeconds(daemon.pid) - before }
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  }
}
