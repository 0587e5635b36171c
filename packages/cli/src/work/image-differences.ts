import type { Digest } from '@holotype/base'
import { readManifest } from '@holotype/image'
import { type Store, walkTree } from '@holotype/store'

/** Paths that are named at most. */
const DIFFERENCES_SHOWN = 50

interface Side {
  readonly store: Store
  readonly image: Digest
}

/** What differs between the same image in two stores, and in what: `/etc/hosts: digest, size`. Of the manifest, where the trees are equal. */
export function differencesOf(first: Side, second: Side): string[] {
  const [one, two] = [readManifest(first.store, first.image), readManifest(second.store, second.image)]
  const [before, after] = [entriesOf(first.store, one.root.tree), entriesOf(second.store, two.root.tree)]
  const paths = [...new Set([...before.keys(), ...after.keys()])].flatMap((path) => {
    const [left, right] = [before.get(path), after.get(path)]
    if (!left || !right) return [`/${path}: ${left ? 'not made again' : 'made the second time only'}`]
    const facts = differingFields(left, right)
    return facts.length > 0 ? [`/${path}: ${facts.join(', ')}`] : []
  })
  return paths.length > 0
    ? paths.slice(0, DIFFERENCES_SHOWN)
    : [`the manifest: ${differingFields(one, two).join(', ')}`]
}

/** Without what a directory says of all below it: only what differs itself is named. */
function entriesOf(store: Store, tree: Digest): Map<string, object> {
  return new Map<string, object>(
    [...walkTree(store, tree)].map(({ path, entry }): [string, object] => {
      if (entry.type !== 'directory') return [path, entry]
      const { tree: _tree, stats: _stats, ...own } = entry
      return [path, own]
    }),
  )
}

function differingFields(one: object, two: object): string[] {
  const [left, right] = [new Map(Object.entries(one)), new Map(Object.entries(two))]
  return [...new Set([...left.keys(), ...right.keys()])].filter(
    (field) => JSON.stringify(left.get(field)) !== JSON.stringify(right.get(field)),
  )
}
