/**
 * Fuzzes every reader of `formats` for minutes: `node tools/fuzz.ts [minutes]`, five unless told. Each round has a seed of its own, which is
 * printed; FUZZ_SEED=number runs the round of that seed alone. A reader that hangs or runs out of memory is ended from outside, and its
 * case printed like any other: by target, seed and number, and as base64.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { fuzz, fuzzCase, type FuzzFailure } from '../packages/formats/src/testing/fuzz.ts'
import { fuzzTargets } from '../packages/formats/src/testing/fuzz-targets.ts'

/** Milliseconds of one round over all targets. */
const ROUND = 30_000
/** Milliseconds after which a case is taken to hang. */
const HANG = 10_000
/** Milliseconds of the processor's time that a case may take. */
const CASE = 3000
const MEMORY = 1024 ** 3

interface Round {
  readonly directory: string
  readonly seed: number
  /** The target and the number of the case at work, for whoever watches. */
  readonly at: Int32Array
}

type Outcome = { readonly failures: readonly Omit<FuzzFailure, 'bytes'>[]; readonly cases: number }

async function work({ directory, seed, at }: Round): Promise<Outcome> {
  const { failures, cases } = await fuzz(fuzzTargets(directory), {
    seed,
    milliseconds: ROUND,
    caseMilliseconds: CASE,
    memoryBytes: MEMORY,
    begin(target, number) {
      Atomics.store(at, 0, target)
      Atomics.store(at, 1, number)
    },
  })
  return {
    failures: failures.map(({ target, seed, number, what }) => ({ target, seed, number, what })),
    cases: [...cases.values()].reduce((sum, count) => sum + count, 0),
  }
}

/** One round in a thread of its own, which is ended if a case does not end. */
function watched(directory: string, seed: number): Promise<Outcome> {
  const at = new Int32Array(new SharedArrayBuffer(8))
  at.fill(-1)
  const round: Round = { directory, seed, at }
  const worker = new Worker(new URL(import.meta.url), {
    workerData: round,
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  })
  return new Promise((resolve) => {
    let last = ''
    const ended = (what: string) => {
      clearInterval(watch)
      const target = fuzzTargets(directory)[Atomics.load(at, 0)]?.name ?? 'before the first target'
      resolve({ failures: [{ target, seed, number: Atomics.load(at, 1), what }], cases: 0 })
    }
    const watch = setInterval(() => {
      const now = at.join(':')
      if (now === last) {
        void worker.terminate()
        ended(`it did not end within ${HANG} ms`)
      }
      last = now
    }, HANG)
    worker.on('message', (outcome: Outcome) => {
      clearInterval(watch)
      resolve(outcome)
    })
    worker.on('error', (error: unknown) =>
      ended(error instanceof Error ? (error.stack ?? error.message) : 'the thread failed'),
    )
  })
}

async function main(): Promise<void> {
  const wanted = process.env['FUZZ_SEED']
  const end = performance.now() + Number(process.argv[2] ?? 5) * 60_000
  const directory = mkdtempSync(join(tmpdir(), 'holotype-fuzz-'))
  try {
    do {
      const seed = wanted === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(wanted)
      const { failures, cases } = await watched(directory, seed)
      console.log(`seed ${seed}: ${cases} cases, ${failures.length} failures`)
      for (const { target, number, what } of failures) {
        process.exitCode = 1
        console.log(`${target}, FUZZ_SEED=${seed}, case ${number}: ${what}`)
        const found = fuzzTargets(directory).find(({ name }) => name === target)
        if (found && number >= 0) console.log((await fuzzCase(found, seed, number)).toString('base64'))
      }
    } while (wanted === undefined && performance.now() < end)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

if (isMainThread) await main()
else parentPort?.postMessage(await work(workerData))
