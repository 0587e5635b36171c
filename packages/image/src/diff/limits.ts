/** Every limit of the diff, named, with its unit. */

/** Bytes (decompressed) of a file that is compared as text. */
export const TEXT_FILE_BYTES = 1024 * 1024
/** Bytes of an added or removed file whose whole text is shown. */
export const TEXT_WHOLE_FILE_BYTES = 64 * 1024
/** Lines of one file's unified diff. */
export const TEXT_DIFF_LINES = 400
/** Code units of one line of a unified diff. */
export const TEXT_LINE_LENGTH = 2000
/** Code units of all unified diffs of one image diff; the riskiest files come first. */
export const TEXT_TOTAL_LENGTH = 4 * 1024 * 1024
/** Insertions and deletions looked for before a text counts as rewritten (Myers' D): bounds time and memory by its square. */
export const TEXT_EDITS = 1500
/** Lines of context around a change. */
export const TEXT_CONTEXT_LINES = 3
/** Bytes of one package's changelog, decompressed. The kernel's has some 6 MiB. */
export const CHANGELOG_BYTES = 32 * 1024 * 1024
/** Changelog entries kept for one source package. */
export const CHANGELOG_ENTRIES = 60
/** Code units of one changelog entry's text; the CVE ids are read from all of it. */
export const CHANGELOG_ENTRY_LENGTH = 16 * 1024
/** Code units of all changelog texts of one image diff. */
export const CHANGELOG_TOTAL_LENGTH = 6 * 1024 * 1024
/** CVE ids kept for one package. */
export const CVES_PER_PACKAGE = 2000
/** Symlinks followed on the way to a changelog. */
export const CHANGELOG_SYMLINKS = 8
/** File reasons repeated on the package that owns the files. */
export const REASONS_FROM_FILES = 4
