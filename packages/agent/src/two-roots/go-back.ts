import { type Digest, shortDigest } from '@holotype/base'
import { fail } from '../errors.ts'
import { readRefused } from '../held.ts'
import { readNodeState } from '../state/node-state.ts'
import type { Synced } from '../sync-and-report.ts'
import { findRoots, nodeOf, type Root, type TwoRoots, wayBack } from './roots.ts'
import { activate, isActive } from './switch.ts'

export interface WayBack {
  /** The image to give up, and the one to go to. */
  readonly from: Digest
  readonly back: Digest
  /** The root with that image is not the one that runs. */
  readonly rebootPending: boolean
  /** The number of the last statement obeyed. */
  readonly statement: number
  /** Makes the root with that image start next. */
  readonly go: () => Promise<Pick<Synced, 'error' | 'report'>>
}

/**
 * Where a node with two roots goes back to: from a root that was prepared and has not started to the running one, else from the running one to
 * the one before.
 * @throws AGENT_NO_PREVIOUS
 */
export function wayBackInTwo(state: string, config: { readonly root: string; readonly roots: TwoRoots }): WayBack {
  const roots = findRoots(state, config)
  const { running, other } = roots
  const here = running ? readNodeState(running.state).image : null
  if (!running || here === null) throw fail('AGENT_NO_PREVIOUS', { what: `neither root runs at an image` })
  const way = (root: Root, from: Digest, back: Digest): WayBack => {
    if (readRefused(state)?.back === back)
      throw fail('AGENT_NO_PREVIOUS', { what: `the node went back from ${shortDigest(from)} already` })
    const go = async () => {
      await activate(state, config.roots, root)
      return {}
    }
    return { from, back, rebootPending: root !== running, statement: nodeOf(roots).statement, go }
  }
  const there = readNodeState(other.state).image
  const previous = wayBack(roots)
  if (there !== null && !previous && isActive(state, config.roots, other)) return way(running, there, here)
  if (!previous) throw fail('AGENT_NO_PREVIOUS', { what: `${other.name} is not at the image before this one` })
  return way(other, here, previous.image)
}
