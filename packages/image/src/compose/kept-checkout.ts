import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, errnoOf, isDigest } from '@holotype/base'
import type { Store } from '@holotype/store'
import { checkout, privateDirectory, type Root } from './checkout.ts'
import { bootId, type Scratch } from './scratch.ts'

/** A checkout that follows what is composed, and is handed on to the next composition of this store: each update costs what differs. */
export interface KeptCheckout extends Disposable {
  readonly directory: string
  /** Leaves what a new checkout would. @throws as {@link checkout} */
  update(root: Root): void
}

/**
 * The directory lies in `lower/` of the store between compositions, beside a file that names its tree and the boot it was laid out in: after a
 * power cut nothing is known of it. Whoever composes takes it by renaming, so that no two have it; others lay out their own, and the
 * last to end hands on. What a composition that was killed had goes with its scratch directory.
 */
export function keptCheckout(store: Store, scratch: Scratch): KeptCheckout {
  const place = join(store.directory, 'lower')
  const own = join(scratch.disk, 'lower')
  const [directory, note] = [join(own, 'root'), join(own, 'laid')]
  let state: 'not taken' | 'from before' | 'ours' = 'not taken'
  let laid: Digest | undefined
  const layOut = (root: Root) => {
    const before = laid
    laid = undefined
    checkout(store, root, { directory, laid: before })
    laid = root.tree
  }
  return {
    directory,
    update: (root) => {
      if (state === 'not taken') {
        laid = take(place, own, note)
        state = laid === undefined ? 'ours' : 'from before'
      }
      try {
        layOut(root)
      } catch (error) {
        if (state === 'ours') throw error
        // What was kept is a hint: its tree may be gone from the store, or somebody was at the directory.
        renameSync(directory, join(scratch.disk, 'unfit'))
        layOut(root)
      }
      state = 'ours'
    },
    [Symbol.dispose]: () => {
      if (laid === undefined) return
      try {
        writeFileSync(note, `${bootId()} ${laid}`)
        renameSync(own, place)
      } catch {
        // Another composition handed on its own, or the disk is full: this one goes with the scratch directory.
      }
    },
  }
}

/** @returns the tree that was laid out, where there is one to go on from */
function take(place: string, own: string, note: string): Digest | undefined {
  try {
    renameSync(place, own)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    privateDirectory(own)
    return undefined
  }
  try {
    const [boot, tree] = readFileSync(note, 'utf8').split(' ')
    rmSync(note)
    if (boot === bootId() && isDigest(tree)) return tree
  } catch {
    // Without a note it is as good as absent.
  }
  renameSync(own, `${own}-unfit`)
  mkdirSync(own, { mode: 0o700 })
  return undefined
}
