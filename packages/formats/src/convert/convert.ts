import { statSync } from 'node:fs'
import { join } from 'node:path'
import { readPackage as readDeb } from '../deb/package-read.ts'
import { writePackage as writeDeb } from '../deb/package-write.ts'
import { fail } from '../errors.ts'
import { formatOfFile } from '../formats.ts'
import { inspectPackage } from '../inspect.ts'
import { CONVERT_BYTES } from '../limits.ts'
import type { Format, PackageToWrite } from '../types.ts'
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
}

const DEB = { name: 'deb', readPackage: readDeb, writePackage: writeDeb } as const
const RPM = { name: 'rpm', readPackage: readRpm, writePackage: writeRpm } as const

/**
 * Converts a .deb to an rpm of format 4, or an rpm to a .deb: payload, relations renamed by a table, changelog, configuration files. Same
 * input, same bytes. The report says all that the other format cannot hold. Packages of at most CONVERT_BYTES: the payload is held in memory.
 * @throws CONVERT_REFUSED, FORMAT_UNKNOWN, FILE_UNREADABLE, PACKAGE_MALFORMED, PACKAGE_TRUNCATED, PACKAGE_TOO_LARGE, PACKAGE_UNWRITABLE, DISK_FULL
 */
export async function convertPackage(
  path: string,
  { directory, names, allowScripts }: ConvertOptions,
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
  const payload = await readPayload(from, path)
  const notes: ConversionNote[] = []
  const epoch = payload.reduce((newest, { mtime }) => Math.max(newest, mtime), 0)
  const { content, fileName, version, architecture, scripts } = convert({
    inspected,
    payload,
    names,
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

async function readPayload(format: Pick<Format, 'readPackage'>, path: string): Promise<PackageToWrite['payload']> {
  const payload: PackageToWrite['payload'][number][] = []
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
    const chunks: Uint8Array[] = []
    for await (const chunk of content) chunks.push(chunk)
    payload.push({ ...entry, bytes: Buffer.concat(chunks) })
  })
  return payload
}
