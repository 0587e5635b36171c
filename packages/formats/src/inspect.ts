import { digester, hexOf } from '@holotype/base'
import { changelogCollector } from './deb/changelog-file.ts'
import type { ElfSonames } from './elf/sonames.ts'
import { elfCollector } from './elf/spool.ts'
import { fail } from './errors.ts'
import { PACKAGE_SONAME_BYTES } from './limits.ts'
import type { Format, InspectedEntry, InspectedPackage } from './types.ts'

/**
 * Reads a package file whole, in one pass: its metadata, its files with their digests, the sonames of its ELF files, and its changelog,
 * where the payload holds it as Debian's packages do. Memory is bounded by the list of files, one ELF file (ELF_MEMORY_BYTES; larger ones
 * are spooled to the temporary directory, those over ELF_BYTES are not looked into) and the changelog.
 * @throws FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, DISK_FULL
 */
export async function inspectPackage(format: Pick<Format, 'readPackage'>, path: string): Promise<InspectedPackage> {
  const files: InspectedEntry[] = []
  const needed = new Set<string>()
  const provided = new Set<string>()
  const changelogs = changelogCollector()
  let sonameBytes = 0
  const file = await format.readPackage(path, async (entry, content) => {
    if (entry.type !== 'file') {
      files.push(entry)
      return
    }
    const hash = digester()
    using elf = elfCollector(entry.size)
    const keep = changelogs.wants(entry)
    const kept: Uint8Array[] = []
    for await (const chunk of content) {
      hash.update(chunk)
      elf.add(chunk)
      if (keep) kept.push(chunk)
    }
    const sonames = elf.end()
    sonameBytes += bytesOf(sonames)
    if (sonameBytes > PACKAGE_SONAME_BYTES)
      throw fail('PACKAGE_TOO_LARGE', {
        what: `${path}: its ELF files need sonames of more than PACKAGE_SONAME_BYTES, ${PACKAGE_SONAME_BYTES}, bytes`,
      })
    files.push({ ...entry, sha256: hexOf(hash.digest()), ...(sonames ? { sonames } : {}) })
    if (keep) changelogs.add(entry, Buffer.concat(kept))
    for (const name of sonames?.needed ?? []) needed.add(name)
    if (sonames?.soname !== undefined) provided.add(sonames.soname)
  })
  const changelog = file.changelog.length > 0 ? file.changelog : await changelogs.changelogOf(file.record.name)
  return { ...file, changelog, files, needed: [...needed].sort(), provided: [...provided].sort() }
}

function bytesOf(sonames: ElfSonames | undefined): number {
  if (!sonames) return 0
  return sonames.needed.reduce((sum, name) => sum + name.length, sonames.soname?.length ?? 0)
}
