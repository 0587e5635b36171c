export { fail as failBase } from './codes.ts'
export { type Digest, digester, digestOf, hexOf, isDigest, shortDigest } from './digest.ts'
export { type DirectoryLock, withDirectoryLock } from './directory-lock.ts'
export {
  cleanText,
  defineErrors,
  type ErrorDeclaration,
  type ErrorDetails,
  type ErrorFactory,
  type ErrorKind,
  errnoInWords,
  errnoOf,
  EXIT_CODES,
  HolotypeError,
  isErrorCode,
} from './errors.ts'
export { asDiskFull, removePath, syncDirectory, temporaryName, writeFileAtomic } from './files.ts'
export { compileGlobs, type PathMatcher } from './glob.ts'
export { canonicalJson, compareText, type Json } from './json.ts'
export { type Progress, type ProgressEvent, type ProgressUnit, runTask, silent, type Task } from './progress.ts'
export {
  createRenderer,
  type Renderer,
  type RendererOptions,
  type RendererOutput,
  type RendererStyle,
} from './renderers/renderer.ts'
export { run, type RunOptions, type RunResult, SYSTEM_PATH } from './process.ts'
export { parseSockets, SOCKET_TABLES } from './sockets.ts'
export { editYaml, type YamlChange } from './yaml/edit.ts'
export { locate, type Position, type YamlSource } from './yaml/locate.ts'
export { nearest } from './yaml/nearest.ts'
export {
  checkValue,
  parseYaml,
  parseYamlDocument,
  type Place,
  readYaml,
  readYamlDocument,
  type YamlDocument,
} from './yaml/yaml.ts'
export { type Painter, painter } from './text/colour.ts'
export { formatBytes, formatDuration } from './text/quantities.ts'
export { renderPairs, renderTable, type TableCell, type TableColumn, type TableOptions } from './text/table.ts'
export { displayWidth, pad, truncate } from './text/width.ts'
