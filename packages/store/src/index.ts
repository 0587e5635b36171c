export { buildTree } from './build-tree.ts'
export { diffTrees } from './diff-trees.ts'
export { fail as failStore } from './errors.ts'
export { openFrame } from './open-frame.ts'
export { parsePackIndex } from './pack-index.ts'
export { openStore } from './store.ts'
export { encodeTree, parseTree } from './tree.ts'
export type {
  DeviceEntry,
  DirectoryEntry,
  Entry,
  EntryInput,
  FifoEntry,
  FileEntry,
  LeafEntry,
  PackFrame,
  PackIndex,
  PathEntry,
  PathInput,
  Store,
  SymlinkEntry,
  Tree,
  TreeChange,
  TreeStats,
  WrittenPack,
} from './types.ts'
export { lookup, objectsOf, walkTree } from './walk.ts'
export { writePack } from './write-pack.ts'
