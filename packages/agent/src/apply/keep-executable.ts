import { chmodSync, copyFileSync, linkSync, lstatSync, readlinkSync, realpathSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, removePath } from '@holotype/base'
import { fail } from '../errors.ts'
import { explain } from '../explain.ts'
import { entryAt, type IdealTree } from '../tree/ideal.ts'
import type { Plan } from '../tree/plan.ts'

/** Where packages put the program, and the name below the state directory of the one that was there before: `packaging/agent/run-agent` knows both. */
const INSTALLED = '/usr/bin/holotype-agent'
const KEPT = 'previous-agent'

/**
 * The image must have an agent, where the one that runs is of the root: else its very first run would be the node's last, and say that all went
 * well. `stays`: what no image removes, with what is below it.
 * @throws AGENT_NOT_IN_IMAGE
 */
export function checkImageHasAgent(options: {
  readonly root: string
  readonly state: string
  readonly ideal: IdealTree
  readonly stays: (path: string) => boolean
}): void {
  const { state, ideal, stays } = options
  const root = realpathSync(options.root)
  // So Linux tells of an executable that was replaced since it started.
  const running = readlinkSync('/proc/self/exe').replace(/ \(deleted\)$/, '')
  const isKept = running === join(realpathSync(state), KEPT)
  const base = root === '/' ? '' : root
  if (!isKept && !running.startsWith(`${base}/`)) return
  const path = isKept ? INSTALLED : running.slice(base.length)
  const above = path.split('/').map((_, index, names) => names.slice(0, index + 1).join('/'))
  if (above.some(stays)) return
  const found = [path, INSTALLED].map((one) => entryAt(ideal, one)?.type)
  if (found.includes('file') || found.includes('symlink')) return
  throw fail('AGENT_NOT_IN_IMAGE', { what: `${path} runs, and the image has neither it nor ${INSTALLED}` })
}

/**
 * Keeps the executable that runs, if the plan takes its place: it has just shown that it fetches, verifies and plans, and what comes has shown
 * nothing yet. A second name of the same inode: no byte is copied. Where some other executable runs (that very one, because the installed one is
 * broken), nothing is kept: so a broken one never takes the place of one that works.
 * @throws DISK_FULL, AGENT_NOT_PERMITTED, AGENT_IO
 */
export function keepExecutable(options: { readonly root: string; readonly state: string; readonly plan: Plan }): void {
  const { root, state, plan } = options
  const at = (work: { readonly path: string }) => work.path === INSTALLED
  if (!plan.leaves.some(at) && !plan.removals.some(at)) return
  const installed = join(root, INSTALLED)
  const kept = join(state, KEPT)
  const running = statSync('/proc/self/exe')
  const isRunning = (path: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat?.ino === running.ino && stat.dev === running.dev
  }
  if (!isRunning(installed) || isRunning(kept)) return
  const temporary = `${kept}.new`
  try {
    removePath(temporary)
    try {
      linkSync(installed, temporary)
    } catch (error) {
      if (errnoOf(error) !== 'EXDEV') throw error
      copyFileSync('/proc/self/exe', temporary)
      chmodSync(temporary, 0o700)
    }
    renameSync(temporary, kept)
  } catch (error) {
    throw explain(error, kept)
  }
}
