import { HolotypeError } from '@holotype/base'
import { mutate, randomFrom } from './fuzz-mutate.ts'

/** A reader of bytes from outside, and bytes it takes. */
export interface FuzzTarget {
  readonly name: string
  /** Sound input, the same at every call: made by our writers or by real tools. */
  samples(): Promise<readonly Buffer[]> | readonly Buffer[]
  /** Reads; to throw a HolotypeError is an answer as good as any. */
  read(bytes: Buffer): unknown
  /** Makes what a mutation has broken formally right again (a checksum), so that it is met further inside. Used every other time. */
  repair?(bytes: Buffer): Buffer
}

/** A case that went wrong. The same target, seed and number give it again. */
export interface FuzzFailure {
  readonly target: string
  readonly seed: number
  readonly number: number
  readonly what: string
  readonly bytes: Buffer
}

export interface FuzzOptions {
  readonly seed: number
  /** Milliseconds in all; shared evenly. */
  readonly milliseconds: number
  /** Milliseconds of the processor's time that one case may take. */
  readonly caseMilliseconds: number
  /** Bytes that the process may grow by, from the first case to the last. */
  readonly memoryBytes: number
  /** Told of every case before it is read: whoever watches can name the one that hangs. */
  readonly begin?: (target: number, number: number) => void
  /** The first case's number, for each target. */
  readonly from?: number
}

export interface FuzzReport {
  readonly failures: readonly FuzzFailure[]
  /** Cases by target. */
  readonly cases: ReadonlyMap<string, number>
}

/** The bytes of a case. */
export async function fuzzCase(target: FuzzTarget, seed: number, number: number): Promise<Buffer> {
  return caseOf(target, await target.samples(), seed, number)
}

/** Reads mutated samples until the time is over; of each target one failure ends its turn. */
export async function fuzz(targets: readonly FuzzTarget[], options: FuzzOptions): Promise<FuzzReport> {
  const failures: FuzzFailure[] = []
  const cases = new Map<string, number>()
  const resident = process.memoryUsage.rss()
  for (const [index, target] of targets.entries()) {
    const samples = await target.samples()
    for (const sample of samples) {
      const wrong = await soundRead(target, sample)
      if (wrong !== undefined)
        failures.push({ target: target.name, seed: options.seed, number: -1, what: wrong, bytes: sample })
    }
    const end = performance.now() + options.milliseconds / targets.length
    let number = options.from ?? 0
    for (; performance.now() < end; number++) {
      options.begin?.(index, number)
      const bytes = caseOf(target, samples, options.seed, number)
      const start = process.cpuUsage()
      const wrong = await wrongIn(target, bytes)
      const { user, system } = process.cpuUsage(start)
      const took = (user + system) / 1000
      const grown = process.memoryUsage.rss() - resident
      const what =
        wrong ??
        (took > options.caseMilliseconds
          ? `it took ${Math.round(took)} ms`
          : grown > options.memoryBytes
            ? `the process has grown by ${grown} bytes`
            : undefined)
      if (what === undefined) continue
      failures.push({ target: target.name, seed: options.seed, number, what, bytes })
      break
    }
    cases.set(target.name, number - (options.from ?? 0))
  }
  return { failures, cases }
}

function caseOf(target: FuzzTarget, samples: readonly Buffer[], seed: number, number: number): Buffer {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b))
  const sample = samples[random(samples.length)] ?? Buffer.alloc(0)
  const bytes = mutate(sample, samples, random)
  return target.repair && random(2) === 0 ? target.repair(bytes) : bytes
}

/** A sample must be read: a target that refuses everything finds nothing. */
async function soundRead(target: FuzzTarget, sample: Buffer): Promise<string | undefined> {
  try {
    await target.read(sample)
    return undefined
  } catch (error) {
    return `its sample is refused: ${error instanceof Error ? error.message : 'no error'}`
  }
}

async function wrongIn(target: FuzzTarget, bytes: Buffer): Promise<string | undefined> {
  try {
    await target.read(bytes)
    return undefined
  } catch (error) {
    if (error instanceof HolotypeError) return undefined
    return error instanceof Error ? (error.stack ?? error.message) : `it threw ${JSON.stringify(error)}`
  }
}
