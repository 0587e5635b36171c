import { formats } from '../formats.ts'
import { FORMAT_FIELDS, largeFile } from './large-file.ts'

/** A program of its own, so that its memory is its own: writes one large file into a package and tells by how much its memory rose. */
const [name = '', path = '', megabytes = '0', compression] = process.argv.slice(2)
const format = Object.values(formats).find((each) => each.name === name)
const chosen = (['none', 'gz', 'xz', 'zst'] as const).find((each) => each === compression)
if (!format || !chosen) throw new Error(`usage: write-large-program.ts FORMAT PATH MEBIBYTES none|gz|xz|zst`)

const content = (size: number) => ({
  fields: FORMAT_FIELDS[format.name],
  control: new Map(),
  payload: [largeFile(size)],
  epoch: 1_700_000_000,
  compression: chosen,
})
// Code and libraries are loaded by a small one.
await format.writePackage(path, content(1024 * 1024))
const before = process.resourceUsage().maxRSS
await format.writePackage(path, content(Number(megabytes) * 1024 * 1024))
process.stdout.write(JSON.stringify({ riseMiB: (process.resourceUsage().maxRSS - before) / 1024 }))
