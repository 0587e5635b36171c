import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type HolotypeError, isErrorCode, runTask } from '@holotype/base'
import { formats } from '@holotype/formats'
import { runInSandbox } from '@holotype/sandbox'
import { fail } from '../../errors.ts'
import { CONFIGURE_OUTPUT_BYTES, CONFIGURE_TIMEOUT_MS } from '../../limits.ts'
import { environment } from '../environment.ts'
import type { ConfigureOptions } from '../native.ts'
import { infoName } from './database.ts'

const SCRIPT = fileURLToPath(new URL('configure.sh', import.meta.url))
const INSIDE = '/run/holotype'

/** Says to invoke-rc.d that no service may be started here (policy-rc.d specification, exit code 101). */
const POLICY = '#!/bin/sh\nexit 101\n'

/**
 * Runs preinst and postinst of every package and all triggers in a sandbox without network, in a fixed environment.
 * @throws IMAGE_SCRIPT_FAILED, IMAGE_NOT_CONFIGURED, IMAGE_SPEC_REFUSED (a unit that is not there), and what the sandbox throws
 */
export async function configure(options: ConfigureOptions): Promise<void> {
  const { lower, upper, scratch, packages } = options
  const tools = join(scratch, 'tools')
  mkdirSync(tools, { recursive: true })
  const preinsts = packages.filter((candidate) => candidate.unpacked.control.preinst)
  const list = preinsts.map(
    (candidate) => `${candidate.name} ${candidate.architecture} /var/lib/dpkg/info/${infoName(candidate)}.preinst\n`,
  )
  writeFileSync(join(tools, 'preinsts'), list.join(''))
  writeFileSync(join(tools, 'policy-rc.d'), POLICY, { mode: 0o755 })
  const sandbox = {
    binds: [
      { source: SCRIPT, target: `${INSIDE}/configure.sh`, writable: false },
      { source: join(tools, 'preinsts'), target: `${INSIDE}/preinsts`, writable: false },
      { source: join(tools, 'policy-rc.d'), target: '/usr/sbin/policy-rc.d', writable: false },
    ],
    env: environment(options.epoch),
    timeoutMs: CONFIGURE_TIMEOUT_MS,
    maxOutputBytes: CONFIGURE_OUTPUT_BYTES,
    ...(options.signal ? { signal: options.signal } : {}),
  }
  await runTask(
    options.progress,
    { title: 'run maintainer scripts', total: packages.length, unit: 'packages' },
    async (task) => {
      let done = 0
      const onLine = (line: string) => {
        const name = /^Setting up (\S+)/.exec(line)?.[1]
        if (name) task.advance(++done, { note: name })
      }
      const root = { lower: [lower], upper, scratch: join(scratch, 'scripts') }
      try {
        await runInSandbox(['/bin/sh', `${INSIDE}/configure.sh`, `${INSIDE}/preinsts`], { ...sandbox, root, onLine })
      } catch (error) {
        if (!isErrorCode(error, 'PROCESS_FAILED')) throw error
        throw fail('IMAGE_SCRIPT_FAILED', {
          what: `the maintainer scripts stopped:\n${lastLines(error)}`,
          cause: error,
        })
      }
      for (const [verb, ...units] of options.units) {
        try {
          // `--` ends the options: a unit's name is never one.
          await runInSandbox(['/usr/bin/systemctl', '--root=/', '--no-reload', verb, '--', ...units], {
            ...sandbox,
            root: { ...root, scratch: join(scratch, `units-${verb}`) },
          })
        } catch (error) {
          if (!isErrorCode(error, 'PROCESS_FAILED')) throw error
          throw fail('IMAGE_SPEC_REFUSED', {
            what: `cannot ${verb} ${units.join(', ')}:\n${lastLines(error)}`,
            cause: error,
          })
        }
      }
    },
  )
  const waiting = formats.deb.readInstalled(upper).filter((candidate) => candidate.state !== 'installed')
  if (waiting.length > 0) {
    throw fail('IMAGE_NOT_CONFIGURED', {
      what: waiting.map((candidate) => `${candidate.name} is ${candidate.state}`).join(', '),
    })
  }
}

function lastLines(error: HolotypeError): string {
  return typeof error.data.stderr === 'string' ? error.data.stderr : error.message
}
