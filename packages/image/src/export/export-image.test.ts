import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, run, silent } from '@holotype/base'
import { openStore } from '@holotype/store'
import { createKeyring, type Keyring } from '@holotype/trust'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../testing/temporary.ts'
import { writeCloudArchive, writeQcow2, writeVhd, writeVmdk } from './disk-forms.ts'
import { writeExt4 } from './ext4.ts'
import { type ExportKind, exportImage } from './export-image.ts'
import { partitionTable, PARTITION_TYPES } from './gpt.ts'
import { uuidOf } from './identifiers.ts'
import { promoteExports } from './promote.ts'
import { openSource } from './source.ts'
import { differences } from './testing/compare-root.ts'
import { sampleImage } from './testing/sample-image.ts'

const at = temporaryDirectory()
const store = openStore(join(at, 'store'))
const image = sampleImage(store)
const source = openSource(store, image)
let keyring: Keyring
beforeAll(async () => {
  keyring = await createKeyring(join(at, 'keys'), {})
})

/** The names of those of these programs that are missing. */
async function missing(...programs: string[]): Promise<string[]> {
  const found = await Promise.all(programs.map((name) => run(['which', name], { okCodes: [0, 1] })))
  return programs.filter((_, index) => found[index]?.code !== 0)
}

const none = await missing(
  'skopeo',
  'umoci',
  'mksquashfs',
  'mkfs.erofs',
  'qemu-img',
  'minisign',
  'sfdisk',
  'bsdtar',
  'debugfs',
)
const asRoot = process.getuid?.() === 0

let count = 0
function scratch(): string {
  const path = join(at, `scratch-${++count}`)
  mkdirSync(path)
  return path
}

async function exported(kinds: ExportKind[], options: { out?: string; compression?: 'none' | 'gz' | 'zst' } = {}) {
  return await exportImage({
    store,
    image,
    kinds,
    key: keyring.exportsKey(),
    progress: silent,
    out: options.out ?? scratch(),
    ...(options.compression ? { compression: options.compression } : {}),
  })
}

const mounts: string[] = []
afterEach(async () => {
  for (const place of mounts.splice(0)) await run(['umount', place])
})

async function mounted(file: string, type: string): Promise<string> {
  const place = scratch()
  await run(['mount', '-t', type, '-o', 'loop,ro', file, place])
  mounts.push(place)
  return place
}

describe.skipIf(none.length > 0 || !asRoot)(
  `real tools judge (skipped, because not root or missing: ${none.join(' ')})`,
  () => {
    test.each([
      ['zst', 'GNU tar', ['tar', '--zstd', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-xpf']],
      ['gz', 'bsdtar', ['bsdtar', '--numeric-owner', '-xpf']],
    ] as const)('a %s tar as %s unpacks it is the image', async (compression, _tool, [program, ...args]) => {
      const { directory, files } = await exported(['tar'], { compression })
      const root = scratch()
      await run([program, ...args, join(directory, files[0]?.path ?? ''), '-C', root])
      // bsdtar leaves the directory that it was told to unpack into as it is.
      const found = await differences(source, root)
      expect(found.filter((line) => program !== 'bsdtar' || !line.startsWith(': mtime'))).toEqual([])
    })

    test('an OCI layout, as umoci unpacks it, is the image; skopeo reads it and its archive', async () => {
      const { directory } = await exported(['oci', 'oci-archive'])
      const inspected = await run(['skopeo', 'inspect', `oci:${directory}/sample.oci:sample`])
      expect(JSON.parse(inspected.stdout.toString())).toMatchObject({
        Architecture: 'amd64',
        Os: 'linux',
        Labels: { 'org.opencontainers.image.revision': image, 'org.opencontainers.image.description': 'a sample' },
      })
      const copy = join(scratch(), 'copy')
      await run(
        ['skopeo', 'copy', '--insecure-policy', `oci-archive:${directory}/sample.oci.tar`, `oci:${copy}:sample`],
        {
          env: { PATH: '/usr/bin:/bin', HOME: at },
        },
      )
      const bundle = join(scratch(), 'bundle')
      await run(['umoci', 'unpack', '--image', `${copy}:sample`, bundle])
      expect(await differences(source, join(bundle, 'rootfs'))).toEqual([])
    })

    test('an index leads to each platform', async () => {
      // As rpm and pacman call it.
      const other = sampleImage(store, 'aarch64')
      const out = scratch()
      const { directory } = await exportImage({
        store,
        image,
        platforms: [other],
        kinds: ['oci'],
        key: keyring.exportsKey(),
        progress: silent,
        out,
      })
      for (const architecture of ['amd64', 'arm64']) {
        const { stdout } = await run([
          'skopeo',
          '--override-arch',
          architecture,
          'inspect',
          `oci:${directory}/sample.oci:sample`,
        ])
        expect(JSON.parse(stdout.toString())).toMatchObject({ Architecture: architecture })
      }
      const twice = exportImage({
        store,
        image,
        platforms: [image],
        kinds: ['oci'],
        key: keyring.exportsKey(),
        progress: silent,
        out,
      })
      await expect(twice).rejects.toMatchObject({ code: 'EXPORT_FAILED' })
    })

    test.each(['squashfs', 'erofs'] as const)('a mounted %s is the image', async (kind) => {
      const { directory } = await exported([kind])
      expect(await differences(source, await mounted(join(directory, `sample-amd64.${kind}`), kind))).toEqual([])
    })

    test('an ext4 is clean for e2fsck, the image when mounted, and the same bytes twice', async () => {
      const digests = []
      for (const zone of ['UTC0', 'XXX-14']) {
        const file = join(scratch(), 'root.img')
        writeFileSync(file, '')
        truncateSync(file, 64 * 1024 * 1024)
        process.env['TZ'] = zone
        try {
          await writeExt4({
            source,
            file,
            offset: 0,
            size: 64 * 1024 * 1024,
            uuid: uuidOf(image, 'root'),
            label: 'sample',
            scratch: scratch(),
          })
        } finally {
          delete process.env['TZ']
        }
        digests.push(digestOf(readFileSync(file)))
        await run(['e2fsck', '-fn', file])
        expect(await differences(source, await mounted(file, 'ext4'))).toEqual([])
      }
      expect(digests[0]).toBe(digests[1])
    })

    test('qcow2, VMDK and VHD hold the disk, the cloud archive too, and each is the same bytes twice', async () => {
      const raw = join(scratch(), 'disk.raw')
      const size = 32 * 1024 * 1024
      writeFileSync(raw, '')
      truncateSync(raw, size)
      const partition = {
        type: PARTITION_TYPES.rootAmd64,
        uuid: uuidOf(image, 'a'),
        name: 'root',
        offset: 1024 * 1024,
        size: 30 * 1024 * 1024,
      }
      const { first, last } = partitionTable({ size, uuid: uuidOf(image, 'b'), partitions: [partition] })
      const bytes = readFileSync(raw)
      first.copy(bytes, 0)
      last.copy(bytes, size - last.length)
      bytes.fill('content', 5_000_000, 6_000_000)
      writeFileSync(raw, bytes)
      expect((await run(['sfdisk', '-V', raw])).stdout.toString()).toContain('No errors detected')
      const forms = [
        ['qcow2', 'qcow2', writeQcow2],
        ['vmdk', 'vmdk', writeVmdk],
        ['vhd', 'vpc', writeVhd],
        ['tar.gz', undefined, writeCloudArchive],
      ] as const
      for (const [ending, format, write] of forms) {
        const made = []
        for (const _ of [1, 2]) {
          const place = scratch()
          const file = join(place, `disk.${ending}`)
          await write({ source, raw, file, scratch: place })
          made.push(digestOf(readFileSync(file)))
          if (format) await run(['qemu-img', 'compare', '-f', format, '-F', 'raw', file, raw])
          else {
            await run(['tar', '-xSzf', file, '-C', place])
            expect(readFileSync(join(place, 'disk.raw')).equals(bytes)).toBe(true)
          }
        }
        expect(made[0], ending).toBe(made[1])
      }
    })

    test('minisign and sha256sum agree with what lies beside the files', async () => {
      const out = scratch()
      const { directory, files } = await exported(['tar', 'squashfs'], { out })
      await run(['sha256sum', '--strict', '-c', 'SHA256SUMS'], { cwd: directory })
      for (const name of [...files.map(({ path }) => path), 'SHA256SUMS'])
        await run(['minisign', '-V', '-p', join(out, 'minisign.pub'), '-m', join(directory, name)])
      writeFileSync(join(directory, files[0]?.path ?? ''), 'other bytes')
      await expect(
        run(['minisign', '-V', '-p', join(out, 'minisign.pub'), '-m', join(directory, files[0]?.path ?? '')]),
      ).rejects.toThrow()
    })
  },
)

describe.skipIf(none.length > 0 || !asRoot)('exports (skipped, because not root or a tool is missing)', () => {
  test('are the same bytes under another umask and time zone', async () => {
    const kinds = ['tar', 'oci', 'oci-archive', 'squashfs', 'erofs'] as const
    const first = await exported([...kinds])
    const before = process.umask(0o077)
    process.env['TZ'] = 'XXX-14'
    try {
      const second = await exported([...kinds])
      expect(second.files).toEqual(first.files)
      expect(readFileSync(join(second.directory, 'SHA256SUMS.minisig'))).toEqual(
        readFileSync(join(first.directory, 'SHA256SUMS.minisig')),
      )
    } finally {
      process.umask(before)
      delete process.env['TZ']
    }
  })
})

describe('candidate and current', () => {
  const promote = (out: string, more = {}) =>
    promoteExports({ out, name: 'sample', publicKey: keyring.exportsKey().publicKey(), ...more })

  test('an export is the candidate; promoting makes it current', async () => {
    const out = scratch()
    await exported(['tar'], { out })
    expect(readdirSync(join(out, 'sample')).sort()).toEqual(['candidate', image.replace(':', '-')])
    expect(await promote(out)).toMatchObject({ image, files: 1 })
    expect(existsSync(join(out, 'sample/current/sample-amd64.tar.zst'))).toBe(true)
    expect(await promote(out)).toMatchObject({ image, before: image })
  })

  test('what was changed, is not signed, or signed by another is not promoted', async () => {
    const out = scratch()
    const { directory } = await exported(['tar'], { out })
    const stranger = await createKeyring(join(scratch(), 'keys'), {})
    await expect(promote(out, { publicKey: stranger.exportsKey().publicKey() })).rejects.toMatchObject({
      code: 'EXPORT_UNSIGNED',
    })
    const kept = join(scratch(), 'kept')
    cpSync(directory, kept, { recursive: true })
    for (const spoil of [
      () => writeFileSync(join(directory, 'sample-amd64.tar.zst'), 'other'),
      () => rmSync(join(directory, 'sample-amd64.tar.zst')),
      () => rmSync(join(directory, 'SHA256SUMS.minisig')),
      () => writeFileSync(join(directory, 'sample-amd64.tar.zst.minisig'), 'garbage'),
      () => rmSync(join(directory, 'sample-amd64.tar.zst.minisig')),
      // A signature of this key, of another file.
      () => cpSync(join(directory, 'SHA256SUMS.minisig'), join(directory, 'sample-amd64.tar.zst.minisig')),
      () => writeFileSync(join(directory, 'unlisted.raw'), 'x'),
      () =>
        writeFileSync(
          join(directory, 'SHA256SUMS'),
          readFileSync(join(directory, 'SHA256SUMS'), 'utf8').replace(/^../, '00'),
        ),
    ]) {
      spoil()
      await expect(promote(out)).rejects.toMatchObject({ code: 'EXPORT_UNSIGNED' })
      expect(existsSync(join(out, 'sample/current'))).toBe(false)
      rmSync(directory, { recursive: true })
      cpSync(kept, directory, { recursive: true })
    }
    expect(await promote(out)).toMatchObject({ image })
    await expect(promoteExports({ out, name: '../sample', publicKey: '' })).rejects.toMatchObject({
      code: 'EXPORT_MISSING',
    })
  })

  test('an export that fails leaves nothing under a final name, and the next one removes what a killed one left', async () => {
    const out = scratch()
    const bad = openStore(join(scratch(), 'store'))
    const broken = sampleImage(bad)
    writeFileSync(bad.pathOf(digestOf(Buffer.alloc(3_000_001, 'large '))), 'bit rot')
    const failing = exportImage({
      store: bad,
      image: broken,
      kinds: ['tar'],
      key: keyring.exportsKey(),
      progress: silent,
      out,
    })
    await expect(failing).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' })
    const directory = join(out, 'sample', image.replace(':', '-'))
    expect(readdirSync(directory)).toEqual([])
    expect(existsSync(join(out, 'sample/candidate'))).toBe(false)
    mkdirSync(join(out, 'sample/.staging-killed'))
    await exported(['tar'], { out })
    expect(readdirSync(join(out, 'sample')).sort()).toEqual(['candidate', image.replace(':', '-')])
  })
})
