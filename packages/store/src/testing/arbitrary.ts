import fc from 'fast-check'
import { digestOf } from '@holotype/base'
import type { EntryInput, LeafEntry, PathInput } from '../types.ts'

/** Generators for this package's property tests. */

const metadata = {
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 3 }),
  gid: fc.integer({ min: 0, max: 3 }),
  mtime: fc.integer({ min: 0, max: 5 }),
}

/** Names that sort, quote and encode in all the awkward ways. */
export const nameArbitrary = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'a.b',
    'a-b',
    'ab',
    'A',
    '__proto__',
    'constructor',
    'é',
    '日本',
    '💾',
    '"\\\n\t\u0001',
    ' ',
    '...',
  ),
  fc.stringMatching(/^[a-z]{1,4}$/),
)

const xattrs = fc.dictionary(
  fc.constantFrom('security.capability', 'user.x', '__proto__'),
  fc.constantFrom('', 'AQ==', 'AQID'),
  {
    maxKeys: 2,
  },
)

type NamelessLeaf = Exclude<EntryInput, { readonly type: 'directory' }>

export const leafArbitrary: fc.Arbitrary<NamelessLeaf> = fc.oneof(
  fc.record({
    type: fc.constant('file' as const),
    ...metadata,
    digest: fc.constantFrom(digestOf('1'), digestOf('2'), digestOf('3')),
    size: fc.constantFrom(0, 1, 2 ** 40),
  }),
  fc.record({
    type: fc.constant('file' as const),
    ...metadata,
    digest: fc.constant(digestOf('x')),
    size: fc.constant(7),
    xattrs,
  }),
  fc.record({ type: fc.constant('symlink' as const), ...metadata, target: fc.constantFrom('a', '../b', '/é"\n') }),
  fc.record({
    type: fc.constantFrom('character' as const, 'block' as const),
    ...metadata,
    major: fc.nat(9),
    minor: fc.nat(9),
  }),
  fc.record({ type: fc.constant('fifo' as const), ...metadata }),
)

/** A leaf with its name. */
export const namedLeafArbitrary: fc.Arbitrary<LeafEntry> = fc
  .tuple(nameArbitrary, leafArbitrary)
  .map(([name, leaf]) => ({ ...leaf, name }))

type Node =
  | { readonly leaf: NamelessLeaf }
  | { readonly meta: PathInput['entry']; readonly children: Readonly<Record<string, Node>> }

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'tree', withCrossShrink: true },
    fc.record({ leaf: leafArbitrary }),
    fc.record({
      meta: fc.record({ type: fc.constant('directory' as const), ...metadata }),
      children: fc.dictionary(nameArbitrary, tie('node'), { maxKeys: 4 }),
    }),
  ),
}))

/** A whole file tree as the flat list `buildTree` takes. */
export const pathsArbitrary: fc.Arbitrary<PathInput[]> = fc
  .dictionary(nameArbitrary, node, { maxKeys: 5 })
  .map((children) => [...flatten(children, '')])

function* flatten(children: Readonly<Record<string, Node>>, base: string): Generator<PathInput> {
  for (const [name, child] of Object.entries(children)) {
    const path = base === '' ? name : `${base}/${name}`
    if ('leaf' in child) yield { path, entry: child.leaf }
    else {
      yield { path, entry: child.meta }
      yield* flatten(child.children, path)
    }
  }
}
