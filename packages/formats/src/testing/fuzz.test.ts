import { expect, test } from 'vitest'
import { fail } from '../errors.ts'
import { fuzz, type FuzzOptions, fuzzCase, type FuzzTarget } from './fuzz.ts'
import { fuzzTargets } from './fuzz-targets.ts'
import { scratch } from './tools.ts'

/** The longer form is `make fuzz`: minutes, other seeds at each run, and a watchdog. */
const options: FuzzOptions = {
  seed: Number(process.env['FUZZ_SEED'] ?? 1),
  milliseconds: 6000,
  caseMilliseconds: 3000,
  memoryBytes: 1024 ** 3,
}

test('every reader gives a result or an error of ours, in time, in bounded memory', { timeout: 60_000 }, async () => {
  using directory = scratch()
  const targets = fuzzTargets(directory.path)
  const { failures, cases } = await fuzz(targets, options)
  expect(
    failures.map(({ target, seed, number, what, bytes }) => ({
      target,
      seed,
      number,
      what,
      base64: bytes.toString('base64'),
    })),
  ).toEqual([])
  expect([...cases.keys()]).toEqual(targets.map(({ name }) => name))
  for (const [name, count] of cases) expect(count, name).toBeGreaterThan(0)
})

test('what is wrong is found, and found again by its number', async () => {
  const target = (name: string, read: FuzzTarget['read']): FuzzTarget => ({
    name,
    samples: () => [Buffer.from('a sample: 12')],
    read,
  })
  const crashing = target('crash', (bytes) => {
    if (bytes.includes('99')) throw new TypeError('a crash')
    if (bytes.length < 5) throw fail('PACKAGE_MALFORMED', { what: 'too short' })
  })
  const slow = target('slow', (bytes) => {
    const end = performance.now() + 120
    if (!bytes.equals(Buffer.from('a sample: 12'))) while (performance.now() < end);
  })
  const refusing = target('refusing', () => {
    throw fail('PACKAGE_MALFORMED', { what: 'no' })
  })
  const { failures } = await fuzz([crashing, slow, refusing], { ...options, milliseconds: 1500, caseMilliseconds: 50 })
  expect(failures.map(({ target, what }) => [target, what])).toEqual([
    ['crash', expect.stringContaining('a crash')],
    ['slow', expect.stringMatching(/it took \d+ ms/)],
    ['refusing', 'its sample is refused: no'],
  ])
  const [crash] = failures
  expect(crash && (await fuzzCase(crashing, crash.seed, crash.number)).equals(crash.bytes)).toBe(true)
})
