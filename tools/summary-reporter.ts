import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

/** Where the last run's counts are kept, for .ci/run to end with. */
export const SUMMARY_FILE = join(import.meta.dirname, '../node_modules/.cache/test-summary')

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** `412 passed, 0 failed, 3 skipped`. */
export function summaryOf({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Counts tests; a file that could not be loaded counts as a failed test, as does an error outside all tests. */
export function countTests(modules: readonly TestModule[], otherErrors: number): Counts {
  const counts = { passed: 0, failed: otherErrors, skipped: 0 }
  for (const module of modules) {
    if (module.errors().length > 0) counts.failed++
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counts.passed++
      else if (state === 'failed') counts.failed++
      else counts.skipped++
    }
  }
  return counts
}

/** Characters of what a failed test says, in its line. */
const SAID = 300

/** Prints the counts as the last line of a run, and keeps them. Before it, of skipped tests the names, which say why, and of failed ones what they say: many a reader of a run sees its end alone. */
export function summaryReporter(): Reporter {
  return {
    onTestRunEnd(modules, errors) {
      const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')])
      for (const test of skipped) process.stdout.write(`skipped: ${test.module.relativeModuleId}: ${test.fullName}\n`)
      for (const module of modules) {
        for (const { message } of module.errors()) sayFailed(module.relativeModuleId, message)
        for (const test of module.children.allTests('failed'))
          sayFailed(`${module.relativeModuleId}: ${test.fullName}`, test.result().errors?.[0]?.message ?? '')
      }
      for (const { message } of errors) sayFailed('outside all tests', message)
      const summary = summaryOf(countTests(modules, errors.length))
      mkdirSync(dirname(SUMMARY_FILE), { recursive: true })
      writeFileSync(SUMMARY_FILE, `${summary}\n`)
      process.stdout.write(`${summary}\n`)
    },
  }
}

function sayFailed(where: string, message: string): void {
  process.stdout.write(`failed: ${where}: ${message.replaceAll(/\s+/g, ' ').slice(0, SAID)}\n`)
}
