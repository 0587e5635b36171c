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
/** Bytes that are read at once of a file that may be linked: of its beginning, and of what lies elsewhere in it. */
export const LINKED_HEAD_BYTES = 16 * 1024
export const LINKED_WINDOW_BYTES = 8 * 1024
/** Symlinks followed on the way to a changelog. */
export const CHANGELOG_SYMLINKS = 8
/** File reasons repeated on the package that owns the files. */
export const REASONS_FROM_FILES = 4
/** Bytes of a file that is kept in memory until its text is compared, and of all of them. */
export const KEPT_FILE_BYTES = 256 * 1024
export const KEPT_TOTAL_BYTES = 64 * 1024 * 1024
/** Bytes of a file that a plug-in reads. */
export const DESCRIBED_BYTES = 128 * 1024 * 1024
/** Bytes that one compressed file or member may unpack to. An initial RAM disk of a distribution's kernel unpacks to some 150 MiB. */
export const UNPACKED_BYTES = 256 * 1024 * 1024
/** Bytes of all files of both sides that plug-ins read for one diff; riskiest first. */
export const DESCRIBED_TOTAL_BYTES = 2 * 1024 * 1024 * 1024
/** Bytes of both sides of a file from which on what changes within it is remembered, and code units of what is: below, reading is as cheap. */
export const DETAILS_KEPT_FROM_BYTES = 16 * 1024
export const DETAILS_KEPT_LENGTH = 20 * 1024
/** Containers within containers that are looked into. */
export const CONTAINER_DEPTH = 4
/** Members of one container that are read. */
export const MEMBERS_READ = 65_536
/** Bytes of members of both sides that are unpacked for one file. */
export const MEMBERS_TOTAL_BYTES = 768 * 1024 * 1024
/** Members shown that differ. */
export const MEMBERS_SHOWN = 50
/** Code units of one member's text diff. */
export const MEMBER_TEXT_LENGTH = 8 * 1024
/** Values shown that came to a list of facts, and that went. */
export const VALUES_SHOWN = 40
/** Code units of one value. */
export const VALUE_LENGTH = 400
/** Program or section headers, or records of one chain, of an ELF file. */
export const ELF_SECTIONS = 65_536
/** Dynamic symbols of an ELF file. */
export const ELF_SYMBOLS = 1_000_000
/** Nesting and number of objects in one file of Python bytecode. */
export const BYTECODE_DEPTH = 200
export const BYTECODE_OBJECTS = 1_000_000
/** Certificates whose line is kept; those of a distribution are some 150. */
export const CERTIFICATES_KEPT = 1000
/** Bytes of an SQLite database that is read. */
export const SQLITE_BYTES = 32 * 1024 * 1024
/** Tables of it, rows of one table, and code units of a row that are compared. */
export const SQLITE_TABLES = 500
export const SQLITE_ROWS = 100_000
export const SQLITE_ROW_LENGTH = 200
/** Files named of a package that needs a library that goes. */
export const SONAME_PATHS_SHOWN = 5
