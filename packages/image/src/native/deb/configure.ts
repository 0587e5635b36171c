import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type HolotypeError, isErrorCode, runTask } from '@holotype/base'
import { formats } from '@holotype/formats'
import { runInSandbox, type SandboxOptions } from '@holotype/sandbox'
import { fail } from '../../errors.ts'
import {
  CONFIGURE_MEMORY_BYTES,
  CONFIGURE_OUTPUT_BYTES,
  CONFIGURE_PROCESSES,
  CONFIGURE_TIMEOUT_MS,
} from '../../limits.ts'
import { environment } from '../environment.ts'
import type { ConfigureOptions } from '../native.ts'
import type { LockedUnpacked } from '../../unpack/unpack-all.ts'
import { isControlMember } from './database.ts'

const SCRIPT = fileURLToPath(new URL('configure.sh', import.meta.url))
const INSIDE = '/run/holotype'

/** What all others lean on without saying so: dpkg unpacks these first in a new root (debootstrap's order), and configures them in the other order. */
export const FIRST = ['base-files', 'base-passwd']

/** What configure.sh ends with when systemctl refused. dpkg ends with 0, 1 or 2. */
const UNITS_REFUSED = 3

/** Says to invoke-rc.d that no service may be started here (policy-rc.d specification, exit code 101). */
const POLICY = '#!/bin/sh\nexit 101\n'

/**
 * Runs preinst and postinst of every package and all triggers in a sandbox without network, in a fixed environment. In the end systemctl enables, disables and masks units.
 * @throws IMAGE_SCRIPT_FAILED, IMAGE_NOT_CONFIGURED, IMAGE_SPEC_REFUSED (a unit that is not there), and what the sandbox throws
 */
export async function configure(options: ConfigureOptions): Promise<void> {
  const { upper, packages } = options
  const sandbox = sandboxOf(options, options.prepared ? [] : packages)
  await runTask(
    options.progress,
    { title: 'run maintainer scripts', total: packages.length, unit: 'packages' },
    async (task) => {
      let done = 0
      const onLine = (line: string) => {
        const name = /^Setting up (\S+)/.exec(line)?.[1]
        if (name) task.advance(++done, { note: name })
      }
      await runScripts('all', { ...sandbox, onLine })
    },
  )
  const waiting = formats.deb.readInstalled(upper).filter((candidate) => candidate.state !== 'installed')
  if (waiting.length > 0) {
    throw fail('IMAGE_NOT_CONFIGURED', {
      what: waiting.map((candidate) => `${candidate.name} is ${candidate.state}`).join(', '),
    })
  }
}

/** Runs the preinst of every package and nothing else. @throws IMAGE_SCRIPT_FAILED, and what the sandbox throws */
export async function runPreinsts(options: ConfigureOptions): Promise<void> {
  await runScripts('preinst', sandboxOf(options, options.packages))
}

async function runScripts(what: 'preinst' | 'all', sandbox: SandboxOptions): Promise<void> {
  try {
    await runInSandbox(['/bin/sh', `${INSIDE}/configure.sh`, what, `${INSIDE}/preinst`], sandbox)
  } catch (error) {
    if (!isErrorCode(error, 'PROCESS_FAILED')) throw error
    if (error.data.exit === UNITS_REFUSED) throw unitsRefused(error)
    throw fail('IMAGE_SCRIPT_FAILED', { what: `the maintainer scripts stopped:\n${lastLines(error)}`, cause: error })
  }
}

/** The sandbox of an image's scripts, with what it needs of ours: the script that runs in it, and each preinst as dpkg would have it lie there. */
function sandboxOf(options: ConfigureOptions, packages: readonly LockedUnpacked[]): SandboxOptions {
  const { store, lower, upper, scratch, signal } = options
  const tools = join(scratch, 'tools')
  const preinst = join(tools, 'preinst')
  mkdirSync(preinst, { recursive: true })
  const lines: string[] = []
  for (const [number, { name, architecture, unpacked }] of packages.entries()) {
    if (!unpacked.control.preinst) continue
    const directory = join(preinst, String(number))
    mkdirSync(directory)
    for (const [member, { digest, mode }] of Object.entries(unpacked.control)) {
      if (isControlMember(member))
        writeFileSync(join(directory, member), store.read(digest), { mode: mode & 0o111 ? 0o755 : 0o644 })
    }
    lines.push(`${number} ${name} ${architecture}\n`)
  }
  writeFileSync(join(preinst, 'list'), lines.join(''))
  const first = FIRST.filter((name) => options.packages.some((candidate) => candidate.name === name))
  writeFileSync(join(preinst, 'first'), first.toReversed().join(' '))
  writeFileSync(join(preinst, 'units'), options.units.map((words) => `${words.join(' ')}\n`).join(''))
  writeFileSync(join(tools, 'policy-rc.d'), POLICY, { mode: 0o755 })
  return {
    root: { lower: [lower], upper, scratch: join(scratch, 'scripts') },
    binds: [
      { source: SCRIPT, target: `${INSIDE}/configure.sh`, writable: false },
      { source: preinst, target: `${INSIDE}/preinst`, writable: false },
      { source: join(tools, 'policy-rc.d'), target: '/usr/sbin/policy-rc.d', writable: false },
    ],
    env: environment(options.epoch),
    timeoutMs: CONFIGURE_TIMEOUT_MS,
    maxOutputBytes: CONFIGURE_OUTPUT_BYTES,
    memoryBytes: CONFIGURE_MEMORY_BYTES,
    processes: CONFIGURE_PROCESSES,
    ...(signal ? { signal } : {}),
  }
}

/** What systemctl said last, from the line that says what it was to do. */
function unitsRefused(error: HolotypeError): HolotypeError {
  const lines = lastLines(error).split('\n')
  const from = lines.findLastIndex((line) => line.startsWith('systemctl '))
  return fail('IMAGE_SPEC_REFUSED', { what: lines.slice(Math.max(0, from)).join('\n'), cause: error })
}

function lastLines(error: HolotypeError): string {
  return typeof error.data.stderr === 'string' ? error.data.stderr : error.message
}
