import {
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { asDiskFull, type Digest, errnoOf, isErrorCode, type Progress, runTask, writeFileAtomic } from '@holotype/base'
import { makeScratch } from '@holotype/image'
import { runInSandbox } from '@holotype/sandbox'
import type { Store } from '@holotype/store'
import type { BuildRoot } from './build-root.ts'
import { fail } from './errors.ts'
import { BUILD_LOG_BYTES, BUILT_PACKAGE_BYTES, LOG_TAIL_LINES } from './limits.ts'
import { copySource } from './source-tree.ts'
import { BUILD_DIRECTORY, type BuildRecord, type RecipeFamily, type RecipeToBuild, type SourceFacts } from './types.ts'

/**
 * Who builds: not root, and nobody of the machine, who could otherwise reach into a build's processes and files. Above every range
 * that adduser and newuidmap give away (login.defs(5), SUB_UID_MAX).
 */
const BUILDER = { uid: 2_000_000_000, gid: 2_000_000_000 }

export interface BuildOptions {
  readonly store: Store
  readonly recipe: RecipeToBuild
  readonly family: RecipeFamily
  readonly facts: SourceFacts
  readonly root: BuildRoot
  /** Where attempts, their logs and their packages are kept: `RECIPE/ATTEMPT/`. */
  readonly builds: string
  readonly progress: Progress
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Aborted: the build is ended, and the attempt is kept as failed. */
  readonly signal?: AbortSignal
}

export interface Built {
  readonly record: BuildRecord
  /** Absolute paths of the packages. */
  readonly packages: readonly string[]
  readonly log: string
}

/**
 * Builds one recipe in a sandbox: its build root read-only below, no network, an unprivileged user, a fixed directory and environment.
 * The attempt is kept with its whole log, also when it fails or is killed: the log is written as it comes.
 * @throws BUILD_FAILED, BUILD_NO_PACKAGES, BUILD_SOURCE_MALFORMED, PROCESS_TIMEOUT, PROCESS_ABORTED, DISK_FULL, and what the sandbox throws
 */
export async function buildRecipe(options: BuildOptions): Promise<Built> {
  const { store, recipe, facts, family } = options
  const attempt = newAttempt(join(options.builds, recipe.name))
  using scratch = makeScratch(store)
  const build = join(scratch.disk, 'build')
  mkdirSync(build)
  const sourceTree = copySource(store, {
    from: recipe.source,
    to: join(build, 'source'),
    as: { ...BUILDER, epoch: facts.epoch },
  })
  chownSync(build, BUILDER.uid, BUILDER.gid)
  const started = options.now()
  const record = (outcome: BuildRecord['outcome'], packages: BuildRecord['packages']): BuildRecord => {
    const written = {
      schema: 'holotype.build/1',
      recipe: recipe.name,
      attempt: attempt.number,
      source: facts.source,
      version: facts.version,
      outcome,
      started: new Date(started).toISOString(),
      milliseconds: Math.round(options.now() - started),
      root: options.root.image,
      sourceTree,
      packages,
      commit: recipe.commit,
    } satisfies BuildRecord
    writeFileAtomic(join(attempt.directory, 'build.json'), `${JSON.stringify(written, null, 2)}\n`)
    return written
  }
  const logPath = join(attempt.directory, 'log')
  const tail: string[] = []
  try {
    using log = openLog(logPath)
    await runTask(options.progress, { title: `build ${recipe.name} ${facts.version}` }, (task) =>
      inSandbox(options, {
        scratch: scratch.disk,
        build,
        onLine: (line) => {
          const lines = log.write(line)
          tail.push(line)
          if (tail.length > LOG_TAIL_LINES) tail.shift()
          task.advance(lines, { note: line.slice(0, 60) })
        },
      }),
    )
    log.checkWhole()
    const packages = keep(store, { family, build, directory: attempt.directory })
    if (packages.length === 0)
      throw fail('BUILD_NO_PACKAGES', { what: `${recipe.name} ${facts.version} built no package; its log: ${logPath}` })
    return {
      record: record(
        'built',
        packages.map(({ file, digest, size }) => ({ file, digest, size })),
      ),
      packages: packages.map(({ file }) => join(attempt.directory, file)),
      log: logPath,
    }
  } catch (error) {
    record('failed', [])
    if (!isErrorCode(error, 'PROCESS_FAILED')) throw asDiskFull(error, attempt.directory)
    throw fail('BUILD_FAILED', {
      what: `${recipe.name} ${facts.version} did not build; its log: ${logPath}\n${tail.join('\n')}`,
      cause: error,
    })
  }
}

interface Log extends Disposable {
  /** Gives the number of lines so far. A full disk is kept for `checkWhole`: there is no one to throw to while the build runs. */
  write(line: string): number
  /** @throws DISK_FULL */
  checkWhole(): void
}

/** A log that grows line by line. */
function openLog(path: string): Log {
  const file = openSync(path, 'wx', 0o644)
  let lines = 0
  let failure: unknown
  return {
    write: (line) => {
      try {
        if (failure === undefined) writeSync(file, `${line}\n`)
      } catch (error) {
        failure = error
      }
      return ++lines
    },
    checkWhole: () => {
      if (failure !== undefined) throw asDiskFull(failure, path)
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}

interface Attempt {
  readonly number: number
  readonly directory: string
}

/** The next number nobody has taken: `mkdir` decides between two who build the same recipe at once. */
function newAttempt(folder: string): Attempt {
  mkdirSync(folder, { recursive: true })
  const taken = readdirSync(folder).map((name) => Number.parseInt(name, 10) || 0)
  for (let number = Math.max(0, ...taken) + 1; ; number++) {
    const directory = join(folder, String(number))
    try {
      mkdirSync(directory)
      return { number, directory }
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw asDiskFull(error, directory)
    }
  }
}

async function inSandbox(
  options: BuildOptions,
  run: { readonly scratch: string; readonly build: string; readonly onLine: (line: string) => void },
): Promise<void> {
  await runInSandbox(options.family.command, {
    root: {
      lower: [options.root.directory],
      upper: join(run.scratch, 'upper'),
      scratch: join(run.scratch, 'overlay'),
    },
    binds: [{ source: run.build, target: '/build', writable: true }],
    cwd: BUILD_DIRECTORY,
    ...BUILDER,
    capabilities: [],
    env: {
      HOME: '/nonexistent',
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC0',
      TERM: 'dumb',
      SOURCE_DATE_EPOCH: String(options.facts.epoch),
    },
    timeoutMs: options.recipe.recipe.timeout * 1000,
    maxOutputBytes: BUILD_LOG_BYTES,
    onLine: run.onLine,
    ...(options.signal ? { signal: options.signal } : {}),
  })
}

/** Moves the packages beside the log and into the store. */
function keep(
  store: Store,
  made: { readonly family: RecipeFamily; readonly build: string; readonly directory: string },
): { file: string; digest: Digest; size: number }[] {
  const files = readdirSync(made.build).filter((file) => made.family.isPackage(file))
  return files.sort().map((file) => {
    const bytes = readBuilt(join(made.build, file))
    writeFileAtomic(join(made.directory, file), bytes)
    return { file, digest: store.put(bytes), size: bytes.length }
  })
}

/** A package's bytes. What a build left is hostile: a link would have us read any file of the machine, a pipe would keep us for ever. */
function readBuilt(path: string): Buffer {
  const file = openBuilt(path)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.size > BUILT_PACKAGE_BYTES)
      throw fail('BUILD_NO_PACKAGES', {
        what: `${path} is no file of at most ${BUILT_PACKAGE_BYTES} bytes`,
        hint: 'a build leaves its packages as plain files beside its source',
      })
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

function openBuilt(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) !== 'ELOOP') throw error
    throw fail('BUILD_NO_PACKAGES', {
      what: `${path} is a symbolic link`,
      hint: 'a build leaves its packages as plain files beside its source',
      cause: error,
    })
  }
}
