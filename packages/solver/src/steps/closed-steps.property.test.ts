import { hash } from 'node:crypto'
import { type Format, formats } from '@holotype/formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from '../lock.ts'
import { broken } from '../testing/check.ts'
import { candidate } from '../testing/packages.ts'
import { closedSteps } from './closed-steps.ts'
import type { StepPackage } from './types.ts'

/*
 * Random worlds. The judge of an intermediate set is written without the planner: relations by `broken`, the rest by its own loops; and all parts
 * of a step are tried, to show that none of them holds by itself.
 */

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const PATHS = ['/p', '/q', '/r', '/s']
const SONAMES = ['x.so.1', 'x.so.2', 'y.so.1']
const target = fc.constantFrom(...NAMES, 'v')
const relation = fc
  .tuple(target, fc.option(fc.tuple(fc.constantFrom('<<', '<=', '=', '>='), fc.constantFrom('1', '2')), { freq: 1 }))
  .map(([name, constraint]) => (constraint ? `${name} (${constraint[0]} ${constraint[1]})` : name))
const group = fc.array(relation, { minLength: 1, maxLength: 2 }).map((all) => all.join(' | '))

const one = fc
  .record({
    name: fc.constantFrom(...NAMES),
    version: fc.constantFrom('1', '2'),
    depends: fc.array(group, { maxLength: 2 }).map((all) => all.join(', ')),
    provides: fc.constantFrom('', '', 'v', 'v (= 1)'),
    breaks: fc.array(relation, { maxLength: 1 }).map((all) => all.join(', ')),
    files: fc.dictionary(fc.constantFrom(...PATHS), fc.constantFrom('one', 'other'), { maxKeys: 1 }),
    provided: fc.subarray(SONAMES, { maxLength: 1 }),
    needed: fc.subarray(SONAMES, { maxLength: 1 }),
    effort: fc.array(fc.nat(3), { minLength: 2, maxLength: 2 }),
  })
  .map(
    ({ name, version, files, provided, needed, effort, ...words }): StepPackage => ({
      candidate: withDigest(candidate(`${name} ${version}`, words), JSON.stringify([words, files, provided, needed])),
      files: new Map(Object.entries(files)),
      sonames: { provided, needed },
      effort,
    }),
  )

/** Other content, other bytes. */
function withDigest(item: Candidate, content: string): Candidate {
  const sha256 = hash('sha256', `${item.record.name} ${item.record.version} ${content}`)
  return { ...item, record: { ...item.record, sha256 } }
}

const common: { readonly format: Format; readonly architecture: string } = {
  format: formats.deb,
  architecture: 'amd64',
}

/** Everything that does not hold in a set, in words. */
function faultsOf(packages: readonly StepPackage[]): string[] {
  const faults = broken({ ...common, packages: packages.map(({ candidate: { record } }) => record) })
  const provided = new Set(packages.flatMap(({ sonames }) => sonames.provided))
  for (const {
    sonames,
    candidate: { record },
  } of packages)
    for (const soname of sonames.needed) if (!provided.has(soname)) faults.push(`${record.name} needs ${soname}`)
  for (const path of PATHS) {
    const contents = new Set(packages.flatMap(({ files }) => files.get(path) ?? []))
    if (contents.size > 1) faults.push(`${path} is held twice`)
  }
  return faults
}

/** What a set has that must not be lost on the way. */
function lasting(packages: readonly StepPackage[]): Set<string> {
  return new Set(
    packages.flatMap(({ candidate: { record }, files, sonames }) => [
      `name ${record.name}`,
      ...files.keys(),
      ...sonames.provided,
    ]),
  )
}

/** What of a random list holds: packages that break something are left out until none does. */
function closed(packages: readonly StepPackage[]): StepPackage[] {
  const kept: StepPackage[] = []
  const unique = packages.filter(
    (item, at) => packages.findIndex((other) => other.candidate.record.name === item.candidate.record.name) === at,
  )
  let left = [...unique]
  // Greatest closed part: drop whoever is named in a fault, from the end.
  for (;;) {
    const faulty = left.findLastIndex((item) => {
      const without = left.filter((other) => other !== item)
      return faultsOf(left).length > 0 && faultsOf(without).length < faultsOf(left).length
    })
    if (faultsOf(left).length === 0) return [...kept, ...left]
    left = left.filter((_, at) => at !== (faulty === -1 ? left.length - 1 : faulty))
  }
}

const side = fc.array(one, { minLength: 2, maxLength: 12 }).map(closed)

describe('for any two sets that hold', () => {
  it('every set in between holds, nothing that both have is lost, the end is reached, and no step holds a smaller one', () => {
    let moves = 0
    let together = 0
    fc.assert(
      fc.property(side, side, (before, after) => {
        const { steps, rest } = closedSteps({ ...common, before, after })
        expect(rest).toEqual([])
        const [atStart, atEnd] = [lasting(before), lasting(after)]
        const both = [...atStart].filter((what) => atEnd.has(what))
        const holds = (packages: readonly StepPackage[]) =>
          faultsOf(packages).length === 0 && both.every((what) => lasting(packages).has(what))
        let now: readonly StepPackage[] = before
        for (const step of steps) {
          const next = afterMoves(now, step)
          expect(faultsOf(next)).toEqual([])
          expect(both.filter((what) => !lasting(next).has(what))).toEqual([])
          if (step.length > 1) {
            together++
            const several = new Set(step.map((move) => move.package.candidate.record.name)).size > 1
            expect(step.every(({ tie }) => (tie !== undefined) === several)).toBe(true)
          }
          for (let mask = 1; mask < 2 ** step.length - 1; mask++) {
            const part = step.filter((_, at) => mask & (1 << at))
            if (holds(afterMoves(now, part)))
              throw new Error(`a part of the step would do: ${names(part)} of ${names(step)}`)
          }
          moves += step.length
          now = next
        }
        expect(shas(now)).toEqual(shas(after))
      }),
      { numRuns: 400 },
    )
    expect(moves).toBeGreaterThan(500)
    expect(together).toBeGreaterThan(50)
  })

  it('what is kept stays to the end, and the order of the lists does not matter', () => {
    fc.assert(
      fc.property(side, side, fc.constantFrom(...NAMES), (before, after, name) => {
        const plan = closedSteps({ ...common, before, after, kept: [name] })
        const turned = closedSteps({ ...common, before: before.toReversed(), after: after.toReversed(), kept: [name] })
        expect(turned.steps.map(names)).toEqual(plan.steps.map(names))
        let now: readonly StepPackage[] = before
        for (const step of plan.steps) {
          now = afterMoves(now, step)
          expect(faultsOf(now)).toEqual([])
        }
        const old = before.find(({ candidate: { record } }) => record.name === name)
        if (old) expect(now).toContain(old)
        expect(shas(afterMoves(now, plan.rest))).toEqual(shas(after))
      }),
      { numRuns: 200 },
    )
  })
})

type Step = ReturnType<typeof closedSteps>['steps'][number]

const shaOf = ({ candidate: { record } }: StepPackage) => record.sha256
const shas = (packages: readonly StepPackage[]) => packages.map(shaOf).sort()
const names = (step: Step) => step.map(({ change, package: item }) => `${change} ${item.candidate.record.name}`).join()

function afterMoves(now: readonly StepPackage[], step: Step): StepPackage[] {
  const going = step.filter(({ change }) => change === 'goes').map((move) => move.package)
  const coming = step.filter(({ change }) => change === 'comes').map((move) => move.package)
  return [...now.filter((item) => !going.includes(item)), ...coming]
}
