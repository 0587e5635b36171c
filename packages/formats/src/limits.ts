/** Limits of `formats`, each with its unit. They bound what hostile bytes may cost. */

/** Bytes of all members of control.tar together, decompressed. They are held in memory. */
export const CONTROL_BYTES = 64 * 1024 * 1024
/** Bytes of data.tar, decompressed. It is streamed, never held. */
export const PAYLOAD_BYTES = 32 * 1024 * 1024 * 1024
/** Members of one tar archive. Their paths are held in memory. */
export const ARCHIVE_MEMBERS = 2_000_000
/** Directories of one archive that no member names, only paths below them. */
export const ARCHIVE_IMPLIED_DIRECTORIES = 100_000
/** Bytes of the names, link targets and attributes of one tar archive together: who lists it holds them in memory. */
export const ARCHIVE_NAME_BYTES = 256 * 1024 * 1024
/** Bytes of one tar extension header (a long name, PAX records). */
export const TAR_EXTENSION_BYTES = 1024 * 1024
/** Bytes that may follow the end of a tar archive: tar pads to its record size, 10 KiB unless told otherwise. */
export const TAR_TRAILING_BYTES = 16 * 1024 * 1024
/** Bytes of one path in an archive: PATH_MAX. */
export const PATH_BYTES = 4096
/** Bytes of the dictionary an xz stream may ask for: what `xz -9` uses, eight times over. */
export const XZ_DICTIONARY_BYTES = 512 * 1024 * 1024
/** Members of an ar archive that precede data.tar: dpkg itself writes three. */
export const AR_MEMBERS = 64
/** Bytes that a zstd frame holds at least, and how many frames more than that a stream may have: skippable and empty ones too. */
export const ZSTD_FRAME_BYTES = 4096
export const ZSTD_SMALL_FRAMES = 1024
/** Bytes read from disk at once. */
export const READ_CHUNK_BYTES = 256 * 1024
/** Bytes of one uncompressed repository index. */
export const INDEX_BYTES = 1024 * 1024 * 1024
/** Bytes of a Release file. */
export const HEAD_BYTES = 16 * 1024 * 1024
/** Bytes of a root's installed database. */
export const INSTALLED_BYTES = 256 * 1024 * 1024
/** Symbolic links followed within a root before it is called a loop: as Linux has it. */
export const SYMLINKS_FOLLOWED = 40
/** Elements of an XML document that lie within each other. repodata needs six. */
export const XML_DEPTH = 32
/** Attributes of one XML element. */
export const XML_ATTRIBUTES = 32
/** Different names of elements and attributes in one XML document. */
export const XML_NAMES = 512
/** Bytes of one XML text or attribute value. */
export const XML_VALUE_BYTES = 16 * 1024 * 1024
/** Bytes of an ELF file that is held in memory to read its sonames; a larger one is spooled to disk. */
export const ELF_MEMORY_BYTES = 32 * 1024 * 1024
/** Bytes of the largest ELF file whose sonames are read; of a larger one only the digest is known. */
export const ELF_BYTES = 2 * 1024 * 1024 * 1024
/** Entries of an ELF file's program header, section header or dynamic table. */
export const ELF_TABLE_ENTRIES = 65_536
/** Bytes of the sonames that one ELF file needs, together; of one that needs more none are read. */
export const ELF_NEEDED_BYTES = 1024 * 1024
/** Bytes of the sonames that the ELF files of one package need, together. They are held in memory. */
export const PACKAGE_SONAME_BYTES = 64 * 1024 * 1024
/** Bytes of one soname. */
export const SONAME_BYTES = 4096
/** Bytes of a package's changelog, compressed or not. It is held in memory. */
export const CHANGELOG_BYTES = 64 * 1024 * 1024
/** Values of a property list that lie within each other. xbps' own need four. */
export const PLIST_DEPTH = 32
/** Depth of an rpm rich dependency: of its tree of parentheses. */
export const RICH_DEPTH = 32
/** Clauses that an rpm rich dependency may need in conjunctive normal form, and relations in one of them. */
export const RICH_CLAUSES = 1024
/** Entries of an rpm header's index: as rpm has it. */
export const RPM_HEADER_ENTRIES = 65_535
/** Bytes of an rpm header's data: as rpm has it. */
export const RPM_HEADER_BYTES = 256 * 1024 * 1024 - 1
/** Bytes of an rpm signature header's data: as rpm has it. */
export const RPM_SIGNATURE_BYTES = 64 * 1024 * 1024
/** Entries of one changelog. */
export const CHANGELOG_ENTRIES = 100_000
/** Bytes of input that one bzip2 block may take: 900,000 symbols in codes of 20 bits, with selectors and tables. */
export const BZIP2_BLOCK_INPUT_BYTES = 2_400_000
/** Bytes of a payload that is converted to another format: it lies on the disk meanwhile. An rpm of format 4 holds no more. */
export const CONVERT_BYTES = 4 * 1024 * 1024 * 1024
/** Bytes of what is compressed that are unpacked in one piece, and those that are so without handing it to another thread. */
export const PACKED_WHOLE_BYTES = 1024 * 1024
export const PACKED_AT_HAND_BYTES = 8 * 1024
/** Bytes that may come out of what is unpacked in one piece; what gives more is streamed. */
export const UNPACKED_WHOLE_BYTES = 16 * 1024 * 1024
