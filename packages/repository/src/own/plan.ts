import { lstatSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { digestOf, errnoOf, hexOf } from '@holotype/base'
import {
  failFormats,
  type IndexToWrite,
  type PackageRecord,
  type RepositorySettings,
  type RepositoryTop,
} from '@holotype/formats'
import type { Store } from '@holotype/store'
import { fail } from '../errors.ts'
import { GENERATIONS } from '../limits.ts'
import { readRecords } from './chunk.ts'
import { sumOf } from './forms.ts'
import {
  currentNumber,
  type Generation,
  numbersOf,
  readGeneration,
  renderGeneration,
  topsDirectory,
} from './generation.ts'
import type { Manifest } from './manifest.ts'
import type { OwnRepository } from './place.ts'
import type { Wanted } from './publish.ts'
import type { PublishStep } from './steps.ts'
import { writeWholeIndexes } from './whole-indexes.ts'
import { type PlacedIndex, writeIndexes } from './write-indexes.ts'

export interface PlanOptions {
  readonly repository: OwnRepository
  /** Of its state. */
  readonly directory: string
  readonly base: string
  readonly manifest: Manifest
  readonly settings: RepositorySettings
  readonly wanted: Wanted
}

export interface Plan {
  readonly packages: number
  /** In the only order that is safe. */
  readonly steps: readonly PublishStep[]
}

/**
 * Makes and signs a new state beside what is served, and gives the steps that put it in place.
 * @throws as `publish`
 */
export async function planPublication(options: PlanOptions): Promise<Plan> {
  const { repository, directory, base, manifest, wanted } = options
  const { name, format, signer } = repository
  const writer = format.repository
  const settings = (await writer.prepare?.(options.settings, signer)) ?? options.settings
  const indexes = writer.indexes(settings)
  const files = packageFiles(options, architecturesOf(indexes))
  const tops = topsDirectory(name)
  const work = join(tops, 'work')
  rmSync(join(base, work), { recursive: true, force: true })
  const making = { directory, manifest, work: join(base, work) }
  const placed = [
    ...(await writeIndexes({ ...making, indexes })),
    ...(await writeWholeIndexes({ ...making, repository, settings })),
  ]
  const written = placed.map((index) => index.written)
  const current = currentNumber(base, name)
  const number = (current ?? 0) + 1
  const mirror = mirrorOf(options, placed, number)
  const made = [...(await writer.tops(settings, written, signer)), ...mirror.tops]
  const packages = countOf(manifest, architecturesOf(indexes))
  const previous = current === undefined ? undefined : readGeneration(base, name, current)
  const modified = Math.max(wanted.date, (previous?.modified ?? 0) + 1)
  const generation: Omit<Generation, 'schema'> = {
    ...wanted,
    modified,
    packages,
    chunks: manifest.chunks.map(({ id }) => id),
    tops: made.map(({ path }) => path),
    indexes: placed.flatMap(({ path }) => path ?? []),
  }
  const names = namesOf(base, tops, made)
  const { unseen, tooOld } = pruning({ base, name, current: current ?? 0, generation })
  const steps: PublishStep[] = [
    ...unseen,
    // First: whoever comes after a stop finds in it what there is to clear away.
    { kind: 'write', to: join(tops, `${number}.json`), bytes: renderGeneration(generation) },
    ...files,
    ...placed.flatMap(({ written: { file }, path }): PublishStep[] =>
      path === undefined ? [] : [{ kind: 'link', from: file, to: path }],
    ),
    ...made.map((top) => topStep(top, join(tops, String(number)), modified)),
    ...mirror.steps,
    ...names.fresh,
    { kind: 'flush' },
    { kind: 'name', at: join(tops, 'current'), text: String(number) },
    ...names.replaced,
    ...tooOld,
    { kind: 'remove', path: work },
  ]
  return { packages, steps }
}

function architecturesOf(indexes: readonly IndexToWrite[]): ReadonlySet<string> {
  return new Set(indexes.flatMap(({ architectures }) => architectures))
}

function countOf({ chunks }: Manifest, architectures: ReadonlySet<string>): number {
  const selection = { part: '', architectures: [...architectures] }
  return chunks.reduce((sum, chunk) => sum + sumOf(chunk, selection).count, 0)
}

/** Package files and their companions that are not in place yet. Those of chunks that the state before had are. */
function packageFiles(options: PlanOptions, architectures: ReadonlySet<string>): PublishStep[] {
  const { repository, directory, base, manifest, wanted } = options
  const current = currentNumber(base, repository.name)
  const before = current === undefined ? undefined : readGeneration(base, repository.name, current)
  const known = new Set(before?.settings === wanted.settings ? before.chunks : [])
  const steps: PublishStep[] = []
  const place = (to: string, from: string, file: FileToPlace) => {
    if (!isInPlace(join(base, to), from, file)) steps.push({ kind: 'link', from, to })
  }
  for (const chunk of manifest.chunks) {
    if (known.has(chunk.id)) continue
    for (const { record, companions, withdrawn } of readRecords(directory, chunk)) {
      if (withdrawn !== undefined || !architectures.has(record.architecture)) continue
      const { store, format } = repository
      place(record.filename, store.pathOf(`sha256:${record.sha256}`), record)
      for (const [to, digest] of Object.entries(companions)) {
        const from = store.pathOf(digest)
        // The files of a source package are given, as a package file is; a signature is made, and may be made anew.
        if (format.repository.sources) place(to, from, { ...record, size: store.sizeOf(digest), sha256: hexOf(digest) })
        else if (!isSame(join(base, to), store, digest)) steps.push({ kind: 'link', from, to })
      }
    }
  }
  return steps
}

type FileToPlace = Pick<PackageRecord, 'name' | 'version' | 'size' | 'sha256'>

/** @throws REPOSITORY_VERSION_TAKEN where other bytes have the name: clients may know them */
function isInPlace(path: string, from: string, record: FileToPlace): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  if (!there) return false
  const ours = statSync(from)
  if (there.ino === ours.ino && there.dev === ours.dev) return true
  if (there.size === record.size && digestOf(readFileSync(path)) === `sha256:${record.sha256}`) return true
  throw failFormats('REPOSITORY_VERSION_TAKEN', {
    what: `${path} is there already with other bytes than those of ${record.name} ${record.version}`,
  })
}

function isSame(path: string, store: Store, digest: `sha256:${string}`): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  return there !== undefined && there.size === store.sizeOf(digest) && digestOf(readFileSync(path)) === digest
}

/**
 * A state that can be read at an address of its own: its tops, beside them its indexes and a way to the packages; and the file that
 * gives the address. The base's own comes second: it has the packages when this state is gone.
 */
function mirrorOf({ repository, settings }: PlanOptions, placed: readonly PlacedIndex[], number: number) {
  const { mirrorlist } = repository.format.repository
  const { url } = settings
  if (!mirrorlist || url === undefined) return { tops: [], steps: [] }
  const directory = join(topsDirectory(repository.name), String(number))
  const top = url.replace(/\/*$/, '')
  const tops: RepositoryTop[] = [{ path: mirrorlist.path, content: Buffer.from(`${top}/${directory}/\n${top}/\n`) }]
  const { packages } = mirrorlist
  const steps: PublishStep[] = [
    ...placed.flatMap(({ written: { file }, path }): PublishStep[] =>
      path === undefined ? [] : [{ kind: 'link', from: file, to: join(directory, path) }],
    ),
    { kind: 'name', at: join(directory, packages), text: posix.join(posix.relative(directory, '.'), packages) },
  ]
  return { tops, steps }
}

function topStep({ path, content }: RepositoryTop, directory: string, modified: number): PublishStep {
  const to = join(directory, path)
  return Buffer.isBuffer(content)
    ? { kind: 'write', to, bytes: content, modified }
    : { kind: 'link', from: content.file, to, modified }
}

/**
 * The fixed names that lead through `current`. One that is new is made before the swap and leads nowhere until then, as before it was made. A
 * plain file under that name, of a publisher before this one, serves until the new state is there.
 */
function namesOf(base: string, tops: string, made: readonly RepositoryTop[]) {
  const fresh: PublishStep[] = []
  const replaced: PublishStep[] = []
  for (const { path } of made) {
    const step: PublishStep = {
      kind: 'name',
      at: path,
      text: posix.join(posix.relative(posix.dirname(path), tops), 'current', path),
    }
    const there = lstatSync(join(base, path), { throwIfNoEntry: false })
    if (!there) fresh.push(step)
    else if (!there.isSymbolicLink()) replaced.push(step)
    else if (linkText(join(base, path)) !== step.text)
      throw fail('REPOSITORY_NAME_TAKEN', {
        what: `${join(base, path)} belongs to another repository: it leads to ${linkText(join(base, path))}`,
      })
  }
  return { fresh, replaced }
}

function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

interface Pruning {
  readonly base: string
  readonly name: string
  /** The number of the state that clients see, 0 before the first. */
  readonly current: number
  /** The new state. */
  readonly generation: Omit<Generation, 'schema'>
}

/**
 * Takes away states of stopped publishers, which nobody ever saw, and those that are too old; each with the indexes that it alone names. Its
 * note goes last: until then it is known what is left.
 */
function pruning({ base, name, current, generation }: Pruning) {
  const there = numbersOf(base, name).map((number) => ({ number, state: readGeneration(base, name, number) }))
  const seen = there.filter(({ number }) => number <= current)
  const kept = seen.slice(-GENERATIONS)
  const indexes = new Set([...kept.flatMap(({ state }) => state?.indexes ?? []), ...generation.indexes])
  const names = new Set(generation.tops)
  const remove = (path: string): PublishStep => ({ kind: 'remove', path })
  const removal = ({ number, state }: (typeof there)[number]) => [
    ...(state?.indexes ?? []).filter((path) => !indexes.has(path)).map(remove),
    remove(join(topsDirectory(name), String(number))),
    remove(join(topsDirectory(name), `${number}.json`)),
  ]
  const gone = seen.at(-1)?.state?.tops.filter((path) => !names.has(path)) ?? []
  return {
    unseen: there.filter(({ number }) => number > current).flatMap(removal),
    tooOld: [...gone.map(remove), ...seen.slice(0, -GENERATIONS).flatMap(removal)],
  }
}
