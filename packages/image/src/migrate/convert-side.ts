import { createReadStream, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, type Digest, digestOf, hexOf, isDigest, type Progress, runTask } from '@holotype/base'
import { type ConversionNote, convertPackage, type FormatName, formatOf } from '@holotype/formats'
import { type LockedPackage, lockPackage } from '@holotype/solver'
import type { Store } from '@holotype/store'
import { z } from 'zod'
import { makeScratch } from '../compose/scratch.ts'
import { digestOfFile } from '../package-threads.ts'

export interface ConvertSideOptions {
  readonly store: Store
  /** The format the packages have; the other one is what they get. */
  readonly format: FormatName
  readonly to: FormatName
  /** Each with the names that it provides besides. */
  readonly packages: readonly { readonly locked: LockedPackage; readonly provides: readonly string[] }[]
  /** What relations are renamed by. */
  readonly names: Readonly<Record<string, string>>
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

export interface ConvertedPackage {
  /** In the other format, its file in the store. */
  readonly locked: LockedPackage
  readonly notes: readonly ConversionNote[]
}

/** Rises when a conversion gives other bytes. */
const NOTE = 'converted-2'

const convertedSchema = z.strictObject({
  file: z.custom<Digest>((value) => isDigest(value)),
  notes: z.array(
    z.strictObject({
      part: z.enum(['version', 'architecture', 'relation', 'script', 'payload', 'field', 'changelog']),
      what: z.string(),
    }),
  ),
})

/**
 * Converts packages of a lock, in order, into the store; what was converted alike before is only looked up. Scripts come along.
 * @throws what `convertPackage` throws, DISK_FULL, the signal's reason
 */
export async function convertSide(options: ConvertSideOptions): Promise<ConvertedPackage[]> {
  const { packages, progress, signal } = options
  if (packages.length === 0) return []
  const task = { title: `convert packages to ${options.to}`, total: packages.length, unit: 'packages' } as const
  return runTask(progress, task, async ({ advance }) => {
    using scratch = makeScratch(options.store)
    const converted: ConvertedPackage[] = []
    for (const item of packages) {
      signal?.throwIfAborted()
      converted.push(await convertOne(options, item, scratch.disk))
      advance(converted.length, { note: item.locked.name })
    }
    return converted
  })
}

async function convertOne(
  { store, format, to, names }: ConvertSideOptions,
  { locked, provides }: ConvertSideOptions['packages'][number],
  directory: string,
): Promise<ConvertedPackage> {
  const asked = hexOf(digestOf(canonicalJson({ to, names, provides })))
  const key = `${NOTE}/${locked.sha256}-${asked}`
  const { file, notes } = recallConverted(store, key) ?? (await convert())
  const { record } = await formatOf(to).readPackage(store.pathOf(file))
  const { source, sourceVersion, from } = locked
  return { locked: { ...lockPackage({ record, from, priority: 0 }), source, sourceVersion }, notes }

  async function convert(): Promise<z.infer<typeof convertedSchema>> {
    // The kind of a package file is told by its name, and an object has none.
    const input = join(directory, `${locked.sha256}.${format}`)
    symlinkSync(store.pathOf(digestOfFile(locked)), input)
    const report = await convertPackage(input, { directory, names, provides, allowScripts: true })
    const { digest } = await store.putStream(createReadStream(report.path))
    rmSync(report.path)
    rmSync(input)
    const made = { file: digest, notes: report.notes.map(({ part, what }) => ({ part, what })) }
    store.remember(key, store.putJson(made))
    return made
  }
}

function recallConverted(store: Store, key: string): z.infer<typeof convertedSchema> | undefined {
  const note = store.recall(key)
  if (!isDigest(note) || !store.has(note)) return undefined
  const parsed = convertedSchema.safeParse(store.readJson(note))
  return parsed.success && store.has(parsed.data.file) ? parsed.data : undefined
}
