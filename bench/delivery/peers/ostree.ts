import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@holotype/base'
import { measure } from '../../harness/measure.ts'
import { type Deliverer, type Step, withServer } from '../deliverer.ts'
import { startNginx } from '../nginx.ts'
import type { Trees } from '../trees.ts'

/** A published repository of both trees, with a static delta from the first to the second. */
export async function makeRepository(directory: string, trees: Trees): Promise<void> {
  const tool = async (...words: string[]) =>
    (await run(['ostree', `--repo=${join(directory, 'repository')}`, ...words], { timeoutMs: 30 * 60_000 })).stdout
      .toString()
      .trim()
  await tool('init', '--mode=archive')
  const commits: string[] = []
  for (const [branch, tree] of Object.entries(trees))
    commits.push(await tool('commit', `--branch=${branch}`, '--fsync=false', '--no-xattrs', `--tree=dir=${tree}`))
  await tool('static-delta', 'generate', `--from=${commits[0]}`, `--to=${commits[1]}`)
  await tool('summary', '--update')
}

/**
 * OSTree, pulled over HTTP into a repository of the node, and checked out by hard links. The second commit comes as the static delta or not at all. Damage goes
 * through the links to the repository: its check throws what is broken away, a pull brings it anew, and a root is checked out.
 */
export async function ostree(directory: string, www: string, trees: Trees): Promise<Deliverer> {
  const server = await startNginx(join(directory, 'nginx'), www)
  const url = `${server.url}/repository`
  const commitOf = async (branch: string) =>
    (await run(['ostree', `--repo=${join(www, 'repository')}`, 'rev-parse', branch])).stdout.toString().trim()
  const commits = { release: await commitOf('release'), updates: await commitOf('updates') }
  const rootOf = (target: string, step: Step) =>
    join(
      target,
      { first: 'first', delta: 'second', nothing: 'second', looked: 'second', damaged: 'second', reread: 'third' }[
        step
      ],
    )
  return {
    name: 'ostree',
    ours: false,
    verifies: true,
    steps: ['first', 'delta', 'nothing', 'reread'],
    trees,
    mtimes: false,
    who: (step) => WORDS[step] ?? 'ostree',
    rootOf,
    async prepare(target) {
      const local = `--repo=${join(target, 'repository')}`
      await run(['ostree', local, 'init', '--mode=bare'])
      await run(['ostree', local, 'remote', 'add', '--no-gpg-verify', 'origin', url])
    },
    run(step, target, as = measure) {
      const local = `ostree --repo=${target}/repository`
      const commit = step === 'first' ? commits.release : commits.updates
      const root = rootOf(target, step)
      const script = [
        ...(step === 'reread' ? [`{ ${local} fsck --quiet --all --delete || true; }`] : []),
        `${local} pull ${step === 'delta' ? '--require-static-deltas ' : ''}origin ${commit}`,
        ...(existsSync(root) ? [] : [`${local} checkout -H ${commit} ${root}`]),
      ]
      // Arguments of our own making: paths without blanks, digests.
      return withServer(server, () => as({ argv: ['sh', '-c', script.join(' && ')] }))
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const WORDS: Partial<Record<Step, string>> = {
  first: 'ostree pull, checkout',
  delta: 'ostree pull of a static delta, checkout',
  nothing: 'ostree pull',
  reread: 'ostree fsck --delete, pull, checkout',
}
