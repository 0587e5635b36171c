import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from '@holotype/base'
import { describe, expect, test } from 'vitest'
import { formats } from './formats.ts'
import { FORMAT_FIELDS, largeFile } from './testing/large-file.ts'
import { haveTools, scratch, skipReason } from './testing/tools.ts'
import type { FormatName, PackageToWrite, PayloadToWrite } from './types.ts'

const PROGRAM = fileURLToPath(new URL('testing/write-large-program.ts', import.meta.url))
const MIB = 1024 * 1024
/** `LARGE_MEMBER_MIB=1024` is the size that the promise is about; then with all compressions. */
const GIVEN_MIB = process.env['LARGE_MEMBER_MIB']
const LARGE_MIB = Number(GIVEN_MIB ?? 128)
const COMPRESSIONS = GIVEN_MIB === undefined ? (['gz'] as const) : (['gz', 'zst', 'none'] as const)

type Sample = (name: keyof typeof FORMAT_FIELDS, payload: readonly PayloadToWrite[]) => PackageToWrite
const sample: Sample = (name, payload) => ({
  fields: FORMAT_FIELDS[name],
  control: new Map(),
  payload,
  epoch: 1_700_000_000,
})

async function bytesOf(open: (() => AsyncIterable<Uint8Array>) | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of open?.() ?? []) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

describe.each(Object.values(formats))('$name', (format) => {
  test('a stream gives the same package as its bytes do, however it is cut', async () => {
    using directory = scratch()
    const { open, ...entry } = largeFile(3 * MIB + 17)
    const bytes = await bytesOf(open)
    const ways: readonly PayloadToWrite[] = [
      { ...entry, bytes },
      largeFile(entry.size),
      largeFile(entry.size, 1000),
      largeFile(entry.size, 2 * MIB),
    ]
    const digests = []
    for (const member of ways) {
      await format.writePackage(directory.at('p'), sample(format.name, [member]))
      digests.push(
        createHash('sha256')
          .update(readFileSync(directory.at('p')))
          .digest('hex'),
      )
    }
    expect(new Set(digests).size).toBe(1)
  })

  test.each([
    ['less', 999],
    ['more', 1001],
  ])('a stream of %s than it says is refused, and nothing is left', async (_, given) => {
    using directory = scratch()
    const member = { ...largeFile(1000), open: largeFile(given).open ?? (() => expect.fail()) }
    await expect(format.writePackage(directory.at('p'), sample(format.name, [member]))).rejects.toMatchObject({
      code: 'PACKAGE_UNWRITABLE',
      message: expect.stringMatching(/srv\/large.*1000/),
    })
    expect(readdirSync(directory.path)).toEqual([])
  })

  test('what a stream throws comes out, and nothing is left', async () => {
    using directory = scratch()
    const member: PayloadToWrite = {
      ...largeFile(2 * MIB),
      open: async function* () {
        yield Buffer.alloc(MIB)
        throw new Error('the disk is gone')
      },
    }
    await expect(format.writePackage(directory.at('p'), sample(format.name, [member]))).rejects.toThrow(
      'the disk is gone',
    )
    expect(readdirSync(directory.path)).toEqual([])
  })

  test('a stream that gives something else the second time is refused', async () => {
    using directory = scratch()
    let opened = 0
    const member: PayloadToWrite = {
      ...largeFile(1000),
      open: async function* () {
        yield Buffer.alloc(1000, ++opened)
      },
    }
    const written = format.writePackage(directory.at('p'), sample(format.name, [member]))
    if (format.name === 'deb' || format.name === 'rpm') {
      await written
      expect(opened).toBe(1)
    } else {
      await expect(written).rejects.toThrow('changed while it was packed')
      expect(readdirSync(directory.path)).toEqual([])
    }
  })

  test.each(COMPRESSIONS)(`a file of ${LARGE_MIB} MiB takes little memory: %s`, async (compression) => {
    using directory = scratch()
    // The tables of zstd -19, which is dpkg-deb's level, take 57 MiB.
    const tablesMiB = format.name === 'deb' && compression === 'zst' ? 60 : 0
    const measured = [
      process.execPath,
      PROGRAM,
      format.name,
      directory.at('p'),
      String(LARGE_MIB),
      compression,
    ] as const
    const { stdout } = await run(measured, { timeoutMs: 600_000 })
    const { riseMiB }: { riseMiB: number } = JSON.parse(stdout.toString())
    expect(riseMiB).toBeLessThan(32 + tablesMiB)
  })
})

const JUDGES: Readonly<Record<FormatName, readonly (readonly [program: string, ...options: string[]])[]>> = {
  deb: [
    ['dpkg-deb', '--fsys-tarfile'],
    ['dpkg-deb', '--info'],
  ],
  rpm: [
    ['rpmkeys', '--checksig', '--verbose', '--nosignature'],
    ['rpm', '--query', '--package', '--list'],
  ],
  alpm: [
    ['pacman', '--query', '--file', '--list'],
    ['bsdtar', '--list', '--file'],
  ],
  xbps: [['bsdtar', '--list', '--file']],
}

describe.each(Object.values(formats))('$name, read by its own tools', (format) => {
  for (const [program, ...options] of JUDGES[format.name])
    test.skipIf(!haveTools(program))(`${program} ${options[0]}${skipReason(program)}`, async () => {
      using directory = scratch()
      const size = 40 * MIB
      await format.writePackage(directory.at('p'), sample(format.name, [largeFile(size)]))
      const { stdout } = await run([program, ...options, directory.at('p')], { maxOutputBytes: 64 * MIB })
      if (options[0] === '--fsys-tarfile') expect(stdout.length).toBeGreaterThan(size)
      else if (options[0] === '--checksig')
        expect(stdout.toString()).toMatch(/Payload SHA256 digest: OK[^]*MD5 digest: OK/)
      else expect(stdout.toString()).toContain(options[0] === '--info' ? 'Package: large' : 'srv/large')
    })
})
