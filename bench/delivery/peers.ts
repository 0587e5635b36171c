import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { measure } from '../harness/measure.ts'
import { startRsync } from '../harness/rsync-daemon.ts'
import type { Cost } from '../harness/types.ts'
import { processorSeconds, startNginx } from './nginx.ts'
import type { Trees } from './trees.ts'

export type Step = 'first' | 'delta' | 'nothing' | 'damaged'

/** How a program is measured. */
export type Measure = typeof measure

/** Somebody who brings trees to a directory. */
export interface Deliverer extends AsyncDisposable {
  readonly who: string
  /** Measured, or as told; `target` is the round's own directory. Undefined: there is no such step. */
  run(step: Step, target: string, as?: Measure): Promise<Delivered | undefined>
  /** The tree as a plain directory, to be compared and damaged; undefined where files may not be damaged one by one. */
  rootOf(target: string): string | undefined
}

export interface Delivered extends Cost {
  readonly serverSeconds: number
  readonly wireBytes: number
}

/** Runs something, and says what its server did meanwhile. */
export async function withServer(
  server: { readonly pid: number; sent(): number },
  client: () => Promise<Cost>,
): Promise<Delivered> {
  const [before, sent] = [processorSeconds(server.pid), server.sent()]
  const cost = await client()
  return { ...cost, serverSeconds: processorSeconds(server.pid) - before, wireBytes: server.sent() - sent }
}

/** rsync from its daemon, started by `starter` if there is one. With `checksum` every file is read on both sides, as mtimes that do not tell need, and as damage needs. */
export async function rsync(
  directory: string,
  trees: Trees,
  flags: string,
  starter: readonly string[] = [],
): Promise<Deliverer> {
  const modules = join(directory, 'modules')
  mkdirSync(modules, { recursive: true })
  symlinkSync(trees.release, join(modules, 'first'))
  symlinkSync(trees.updates, join(modules, 'second'))
  const daemon = await startRsync(join(directory, 'daemon'), modules)
  const pull = async (module: string, target: string, { more, as }: { more: readonly string[]; as: Measure }) => {
    const [first, ...rest] = [...starter, 'rsync']
    const options = [flags, ...more, '--numeric-ids', '--delete', '--stats']
    const { stdout, ...cost } = await as({
      argv: [first, ...rest, ...options, `${daemon.url}${module}/`, `${target}/`],
    })
    const total = (which: string) =>
      Number(new RegExp(`Total bytes ${which}: ([\\d,.]+)`).exec(stdout)?.[1]?.replaceAll(/\D/g, '') ?? 0)
    return { cost, bytes: total('received') + total('sent') }
  }
  return {
    who: [...starter, `rsync ${flags} --delete`].join(' '),
    rootOf: (target) => target,
    async run(step, target, as = measure) {
      const before = processorSeconds(daemon.pid)
      const more = step === 'damaged' ? ['--checksum'] : []
      const { cost, bytes } = await pull(step === 'first' ? 'first' : 'second', target, { more, as })
      return { ...cost, serverSeconds: processorSeconds(daemon.pid) - before, wireBytes: bytes }
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  }
}

/** OSTree with a static delta, pulled over HTTP into a repository of its own, and checked out by hard links. */
export async function ostree(directory: string, trees: Trees): Promise<Deliverer> {
  const www = join(directory, 'www')
  mkdirSync(www, { recursive: true })
  const repository = join(www, 'repository')
  const tool = async (...words: string[]) =>
    (await run(['ostree', `--repo=${repository}`, ...words], { timeoutMs: 30 * 60_000 })).stdout.toString().trim()
  await tool('init', '--mode=archive')
  const commit = (tree: string) => tool('commit', '--branch=tree', '--fsync=false', '--no-xattrs', `--tree=dir=${tree}`)
  const commits = [await commit(trees.release), await commit(trees.updates)]
  await tool('static-delta', 'generate', `--from=${commits[0]}`, `--to=${commits[1]}`)
  await tool('summary', '--update')
  const server = await startNginx(join(directory, 'nginx'), www)
  return {
    who: 'ostree pull, static delta, checkout',
    rootOf: () => undefined,
    async run(step, target, as = measure) {
      if (step === 'damaged') return undefined
      const local = `ostree --repo=${target}/repository`
      const which = step === 'first' ? 0 : 1
      if (step === 'first')
        await run([
          'sh',
          '-c',
          `${local} init --mode=bare && ${local} remote add --no-gpg-verify o ${server.url}/repository`,
        ])
      const checkout = step === 'nothing' ? '' : ` && ${local} checkout -H ${commits[which]} ${target}/root-${which}`
      // Arguments of our own making: paths without blanks, digests.
      const argv = ['sh', '-c', `${local} pull o ${commits[which]} >/dev/null${checkout}`] as const
      return withServer(server, () => as({ argv: [...argv] }))
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** casync in place: the old tree is the seed. */
export async function casync(directory: string, trees: Trees): Promise<Deliverer> {
  const www = join(directory, 'www')
  mkdirSync(www, { recursive: true })
  for (const [name, tree] of Object.entries(trees))
    await run(['casync', 'make', '--with=unix', `--store=${www}/store`, `${www}/${name}.caidx`, tree], {
      timeoutMs: 30 * 60_000,
    })
  const server = await startNginx(join(directory, 'nginx'), www)
  return {
    who: 'casync extract, in place',
    rootOf: (target) => target,
    run(step, target, as = measure) {
      const index = `${server.url}/${step === 'first' ? 'release' : 'updates'}.caidx`
      const argv = ['casync', 'extract', '--with=unix', `--store=${server.url}/store`, index, target] as const
      return withServer(server, () => as({ argv: [...argv] }))
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
