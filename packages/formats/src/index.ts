export { paxParts, TAR_END } from './alpm/tar-pax.ts'
export { compress } from './archive/compress.ts'
export { compressed } from './archive/compress-stream.ts'
export { gathered } from './archive/content.ts'
export { decompress, type DecompressOptions } from './archive/decompress.ts'
export { compressionOf } from './archive/sniff.ts'
export { unpackAtOnce, type UnpackAtOnceOptions } from './archive/unpack-at-once.ts'
export { type ChangelogEntry, parseChangelog } from './deb/changelog.ts'
export { parseStanzas, renderStanza, type Stanza } from './deb/control.ts'
export { type ContentsLine, parseContents, renderContents } from './deb/contents.ts'
export { parseBuildDependencies } from './deb/relation.ts'
export { parseDsc, parseSources, renderSource, type SourceFile, type SourceRecord } from './deb/sources.ts'
export { statusStanza } from './deb/status-stanza.ts'
export {
  descriptionMd5,
  parseTranslation,
  renderTranslation,
  type TranslatedDescription,
} from './deb/translation.ts'
export { CAPABILITY_NAMES } from './capability-names.ts'
export { fail as failFormats } from './errors.ts'
export { convertPackage, type ConvertOptions } from './convert/convert.ts'
export { renamer } from './convert/relations.ts'
export type { ConversionNote, ConversionReport } from './convert/report.ts'
export { parseSpecChangelog, renderDebChangelog, renderSpecChangelog } from './convert/changelog.ts'
export { formatOf, formatOfFile, formats } from './formats.ts'
export { type ElfSonames, elfSonames } from './elf/sonames.ts'
export { inspectPackage } from './inspect.ts'
export {
  type Installation,
  readRpmPackage,
  rpmDatabase,
  type RpmHeaders,
  type RpmPackage,
  type RpmScript,
} from './rpm/installation.ts'
export { parseChangelogs } from './rpm/other.ts'
export {
  type Advisory,
  type AdvisoryCollection,
  type AdvisoryPackage,
  type AdvisoryReference,
  cvesOf,
  parseUpdateinfo,
} from './rpm/updateinfo.ts'
export { renderUpdateinfo } from './rpm/updateinfo-render.ts'
export type * from './repository-writer.ts'
export type * from './types.ts'
export type * from './upstream-reader.ts'
