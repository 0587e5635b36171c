#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/*
 * The program `holotype-agent`. Verbs are loaded when they are called: what a verb does not need costs it nothing.
 * Exit codes: docs/reference/exit-codes.md.
 */

/** Where the state is unless told otherwise. */
const DEFAULT_STATE = '/var/lib/holotype'

/**
 * Lets Node keep what it made of our sources, which halves the start and saves 30 MB. Kept in the state directory, which is closed to others:
 * whoever can write there decides what this program does. This comes before anything else is loaded, hence the rough look at the arguments.
 */
function keepCompiled(argv: readonly string[]): void {
  // The executable holds itself compiled.
  if (process.versions['bun'] !== undefined) return
  const at = argv.findIndex((argument) => argument === '--state' || argument.startsWith('--state='))
  const state = argv[at]?.split('=')[1] ?? (at < 0 ? DEFAULT_STATE : (argv[at + 1] ?? DEFAULT_STATE))
  // A damaged root has no say in what mends it.
  if (argv[0] !== 'rescue' && existsSync(join(state, 'config.json'))) enableCompileCache(join(state, 'compile-cache'))
}

async function main(argv: readonly string[]): Promise<number> {
  keepCompiled(argv)
  const { parseArguments, USAGE } = await import('./program/arguments.ts')
  const { createOutput } = await import('./program/output.ts')
  const output = createOutput(argv.includes('--json'), {
    stdout: (line) => process.stdout.write(`${line}\n`),
    stderr: (line) => process.stderr.write(`${line}\n`),
  })
  try {
    const command = parseArguments(argv, DEFAULT_STATE)
    if (command.verb === 'help') {
      process.stdout.write(USAGE)
      return 0
    }
    const { staySmall } = await import('./memory.ts')
    staySmall()
    const { runVerb } = await import('./program/verbs.ts')
    return await runVerb(command, output)
  } catch (error) {
    return output.failure(error)
  }
}

process.exitCode = await main(process.argv.slice(2))
