import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { openSpool, type Spool } from '../archive/spool.ts'
import { readPackage as readDeb } from '../deb/package-read.ts'
import { writePackage as writeDeb } from '../deb/package-write.ts'
import { fail } from '../errors.ts'
import { formatOfFile } from '../formats.ts'
import { inspectPackage } from '../inspect.ts'
import { CONVERT_BYTES } from '../limits.ts'
import type { Format, PackageToWrite, PayloadToWrite } from '../types.ts'
import { debToRpm } from './deb-to-rpm.ts'
import { readPackage as readRpm } from '../rpm/package-read.ts'
import { writePackage as writeRpm } from '../rpm/package-write.ts'
import type { NameTable } from './relations.ts'
import type { ConversionNote, ConversionReport } from './report.ts'
import { rpmToDeb } from './rpm-to-deb.ts'

export interface ConvertOptions {
  /** Where the new package file goes, under the name its format gives it. */
  readonly directory: string
  /** What packages and capabilities are called on the other side. */
  readonly names: NameTable
  /** Scripts come over with their arguments put right. Without this a package that has any is refused: what they do is for a person to read. */
  readonly allowScripts: boolean
  /** Names by which packages of the other side ask for it: it provides them besides, at its version; libraries (`libz.so.1()(64bit)`) and paths at none. */
  readonly provides?: readonly string[]
}

const DEB = { name: 'deb', readPackage: readDeb, writePackage: writeDeb } as const
const RPM = { name: 'rpm', readPackage: readRpm, writePackage: writeRpm } as const

/**
 * Converts a .deb to an rpm of format 4, or an rpm to a .deb: payload, relations renamed by a table, changelog, configuration files. Same
 * input, same bytes. The report says all that the other format cannot hold.
 * The payload, of at most CONVERT_BYTES, lies unpacked in `directory` meanwhile, in a file without a name; memory holds the list of files.
 * @throws CONVERT_REFUSED, FORMAT_UNKNOWN, FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, PACKAGE_UNWRITABLE, DISK_FULL
 */
export async function convertPackage(
  path: string,
  { directory, names, allowScripts, provides = [] }: ConvertOptions,
): Promise<ConversionReport> {
  const name = formatOfFile(path)
  if (name !== 'deb' && name !== 'rpm')
    throw fail('CONVERT_REFUSED', { what: `${path}: only deb and rpm are converted into each other` })
  const [from, to, convert] = name === 'deb' ? ([DEB, RPM, debToRpm] as const) : ([RPM, DEB, rpmToDeb] as const)
  const inspected = await inspectPackage(from, path)
  if (inspected.scripts.length > 0 && !allowScripts)
    throw fail('CONVERT_REFUSED', {
      what: `${path} has scripts: ${inspected.scripts.map((script) => script.name).join(', ')}`,
      data: { scripts: inspected.scripts },
    })
  using spool = openSpool(join(directory, basename(path)))
  const payload = await readPayload(from, { path, spool })
  const notes: ConversionNote[] = []
  const epoch = payload.reduce((newest, { mtime }) => Math.max(newest, mtime), 0)
  const { content, fileName, version, architecture, scripts } = await convert({
    inspected,
    payload,
    names,
    provides,
    epoch,
    note: (part, what) => notes.push({ part, what }),
  })
  const { record } = inspected
  const output = join(directory, fileName)
  await to.writePackage(output, content)
  return {
    from: from.name,
    to: to.name,
    name: record.name,
    version: [record.version, version],
    architecture: [record.architecture, architecture],
    entries: content.payload.length,
    changelogEntries: inspected.changelog.length,
    scripts,
    notes,
    path: output,
  }
}

/** The payload, its contents in the spool. */
async function readPayload(
  format: Pick<Format, 'readPackage'>,
  { path, spool }: { readonly path: string; readonly spool: Spool },
): Promise<PackageToWrite['payload']> {
  const payload: PayloadToWrite[] = []
  let held = 0
  await format.readPackage(path, async (entry, content) => {
    if (entry.type !== 'file') {
      payload.push(entry)
      return
    }
    held += entry.size
    if (held > CONVERT_BYTES)
      throw fail('PACKAGE_TOO_LARGE', {
        what: `${path} (${statSync(path).size} bytes) unpacks to more than CONVERT_BYTES, ${CONVERT_BYTES} bytes`,
      })
    payload.push({ ...entry, open: await spool.add(content) })
  })
  return payload
}
