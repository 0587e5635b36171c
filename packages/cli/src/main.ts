import { run } from '@stricli/core'
import { application } from './application.ts'
import { readConfig } from './config.ts'
import type { Launch } from './launch.ts'

/*
 * The start of the command. Only what `--help` needs is imported here; everything else is loaded by the command that needs it.
 *
 * Rules of the interface: results on stdout, all else on stderr; nothing asks questions; nothing runs silently for long; an error is one
 * sentence, one hint, one code; the exit code tells the kind of failure (docs/reference/exit-codes.md).
 */

const config = readConfig()
const json = process.argv.includes('--json')
let complaint = ''

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1))

const stricliProcess: { exitCode?: number | string | null } & Launch['process'] = {
  stdout: process.stdout,
  // The library's own words on unknown commands and flags: kept, to be printed where all errors are.
  stderr: {
    write: (text) => {
      complaint += text
    },
  },
}

const launch: Launch = { process: stricliProcess, config }
await run(application, process.argv.slice(2), { ...launch, process: stricliProcess })
// The library's exit codes are its own and negative: no command of ours ran.
if (typeof stricliProcess.exitCode === 'number' && stricliProcess.exitCode !== 0) {
  const { reportComplaint } = await import('./report-complaint.ts')
  reportComplaint(stricliProcess.exitCode, complaint, { json, config })
}
