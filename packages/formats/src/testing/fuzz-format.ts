import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RepositorySettings, RepositorySigner } from '../repository-writer.ts'
import type { Format, PackageToWrite } from '../types.ts'
import { buildRepository } from './contract-repository.ts'
import type { FuzzTarget } from './fuzz.ts'
import { readWhole, SMALL_PAYLOAD } from './payloads.ts'
import { clearText, noSigner } from './signers.ts'

/** What a format brings so that all of its readers are fuzzed. */
export interface FuzzFixtures {
  /** Versions, one a line. */
  readonly versions: string
  /** Dependency fields, each a sample. */
  readonly dependencies: readonly string[]
  package(name: string, version: string, payload: PackageToWrite['payload']): PackageToWrite
  readonly release: string
  readonly settings: RepositorySettings
  /** The part of an entry in the index that `parseIndex` reads. */
  readonly indexPart: string
  /** The installed database: its file in a root and its samples. */
  readonly database: { readonly path: string; readonly samples: readonly Buffer[] }
  /** Where the container has checksums: how they are mended in packages and in indexes. */
  repairPackage?(bytes: Buffer): Buffer
  repairIndex?(bytes: Buffer): Buffer
}

/** Signs nothing, and names the same key at every run: samples must not change. */
const FIXED: RepositorySigner = {
  ...noSigner,
  signFileRsa: async () => Buffer.from('no signature'),
  rsaPublicKey: async () => ({
    pem: '-----BEGIN PUBLIC KEY-----\nbm8ga2V5\n-----END PUBLIC KEY-----\n',
    bits: 2048,
    signedBy: 'Nobody <nobody@example.org>',
  }),
}

/** Targets for everything that a format reads. `directory` is for their files. */
export function formatTargets(format: Format, fixtures: FuzzFixtures, directory: string): FuzzTarget[] {
  const { name } = format
  const text = (samples: readonly string[]) => samples.map((sample) => Buffer.from(sample))
  const file = (suffix: string) => `${directory}/${name}-${suffix}`
  const place = {
    suite: fixtures.settings.suite,
    component: fixtures.settings.component,
    architecture: fixtures.settings.architectures[0] ?? '',
  }

  async function packageFiles(): Promise<string[]> {
    const content = fixtures.package('sample', fixtures.release, SMALL_PAYLOAD)
    const files: string[] = []
    for (const compression of ['none', 'gz', 'zst'] as const) {
      files.push(file(`sample-${compression}`))
      await format.writePackage(file(`sample-${compression}`), { ...content, compression })
    }
    return files
  }
  async function built() {
    const files: string[] = []
    for (const each of ['one', 'two', 'three']) {
      files.push(file(`listed-${each}`))
      await format.writePackage(file(`listed-${each}`), fixtures.package(each, fixtures.release, SMALL_PAYLOAD))
    }
    return buildRepository(format, files, { settings: fixtures.settings, directory, signer: FIXED })
  }
  const top = format.upstream.top(place)

  return [
    {
      name: `${name}: versions`,
      samples: () => text([fixtures.versions]),
      read(bytes) {
        const lines = bytes.toString().split('\n')
        for (const [index, a] of lines.slice(0, 50).entries()) {
          const b = lines[index + 1] ?? ''
          const order = format.compareVersions(a, b)
          if (order + format.compareVersions(b, a) !== 0) throw new Error(`${JSON.stringify([a, b])} have no order`)
          if (format.compareParsed(format.parseVersion(a), format.parseVersion(b)) !== order)
            throw new Error(`${JSON.stringify([a, b])} have two orders`)
        }
      },
    },
    {
      name: `${name}: dependencies`,
      samples: () => text(fixtures.dependencies),
      read: (bytes) => format.parseDependencies(bytes.toString()),
    },
    {
      name: `${name}: package`,
      samples: async () => (await packageFiles()).map((path) => readFileSync(path)),
      async read(bytes) {
        writeFileSync(file('case'), bytes)
        await readWhole(format, file('case'))
      },
      ...(fixtures.repairPackage ? { repair: fixtures.repairPackage } : {}),
    },
    {
      name: `${name}: index`,
      async samples() {
        const { open } = await built()
        const index = format.repository.indexes(fixtures.settings).find(({ part }) => part === fixtures.indexPart)
        return [open.get(index?.name ?? '') ?? Buffer.alloc(0)]
      },
      read: (bytes) => format.parseIndex(bytes),
      ...(fixtures.repairIndex ? { repair: fixtures.repairIndex } : {}),
    },
    {
      name: `${name}: top`,
      async samples() {
        const bytes = (await built()).tops.get(top.path) ?? Buffer.alloc(0)
        return [top.signed === 'inline' ? Buffer.from(clearText(bytes.toString())) : bytes]
      },
      read(bytes) {
        format.upstream.indexes(format.upstream.parseTop(bytes, place), place)
      },
    },
    {
      name: `${name}: installed`,
      samples: () => fixtures.database.samples,
      read(bytes) {
        const path = `${file('root')}/${fixtures.database.path}`
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, bytes)
        format.readInstalled(file('root'))
      },
    },
  ]
}
