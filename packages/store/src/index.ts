export { type BuiltDirectories, buildTree } from './build-tree.ts'
export { openDeltaIndex, treeDictionary } from './delta/delta-index.ts'
export { gunzip, gzipLater } from './delta/gzip.ts'
export { openDeltaFrame } from './delta/open-delta-frame.ts'
export { writeDelta } from './delta/write-delta.ts'
export {
  forgetNote,
  removeObject,
  type StoredNote,
  storedNotes,
  type StoredObject,
  storedObjects,
} from './collect.ts'
export { diffTrees } from './diff-trees.ts'
export { fail as failStore } from './errors.ts'
export { openFrame } from './open-frame.ts'
export { parsePackIndex } from './pack-index.ts'
export { openStore } from './store.ts'
export { encodeTree, parseTree } from './tree.ts'
export type {
  DeltaFrame,
  DeltaIndex,
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
  Piece,
  Store,
  SymlinkEntry,
  Tree,
  TreeChange,
  TreeStats,
  WrittenDelta,
  WrittenPack,
} from './types.ts'
export { lookup, objectsOf, walkTree } from './walk.ts'
export { writePack } from './write-pack.ts'
