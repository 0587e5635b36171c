import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { temporaryDirectory } from '../testing/temporary.ts'
import { startMachine } from './machine.ts'

const noQemu = spawnSync('which', ['qemu-system-x86_64']).status !== 0
const skipped = noQemu ? ' (skipped: there is no qemu-system-x86_64)' : ''

/** A machine whose disk is empty: its firmware says so and waits. */
function optionsOf(scratch: string) {
  const disk = join(scratch, 'disk')
  writeFileSync(disk, '')
  truncateSync(disk, 1024 * 1024)
  const kind = { architecture: 'amd64', firmware: 'bios', accelerator: 'tcg' } as const
  return { ...kind, disk, scratch, log: join(scratch, 'log') }
}

/** The processes that have a text among their arguments and run qemu. */
function guestsWith(argument: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    const file = join('/proc', entry, 'cmdline')
    if (!/^\d+$/.test(entry) || !existsSync(file)) return false
    try {
      const line = readFileSync(file, 'latin1')
      return line.startsWith('qemu-system-x86_64\0') && line.includes(argument)
    } catch {
      return false
    }
  })
}

test.skipIf(noQemu)(`a guest ends with the program that started it, however that is killed${skipped}`, async () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const scratch = temporaryDirectory()
    const options = optionsOf(scratch)
    onTestFinished(() => {
      for (const left of guestsWith(options.disk)) process.kill(Number(left), 'SIGKILL')
    })
    const library = new URL('machine.ts', import.meta.url).href
    const script = `import { startMachine } from '${library}'
      await startMachine(${JSON.stringify(options)})
      console.log('started')
      setInterval(() => {}, 1000)`
    const program = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(program, 'exit')
    await Promise.race([once(program.stdout, 'data'), exited])
    expect(guestsWith(options.disk)).toHaveLength(1)
    program.kill(signal)
    await exited
    await vi.waitFor(() => expect(guestsWith(options.disk)).toEqual([]), { timeout: 30_000 })
  }
})

test.skipIf(noQemu)(`a guest ends when it is disposed of, and its clock runs meanwhile${skipped}`, async () => {
  const options = optionsOf(temporaryDirectory())
  {
    await using machine = await startMachine(options)
    const passed = machine.startClock()
    await vi.waitFor(() => expect(passed()).toBeGreaterThan(0), { timeout: 30_000 })
    expect(machine.ended()).toBeUndefined()
    expect(guestsWith(options.disk)).toHaveLength(1)
  }
  expect(guestsWith(options.disk)).toEqual([])
})

test.skipIf(noQemu)(`a machine that cannot be made says what qemu says${skipped}`, async () => {
  const options = { ...optionsOf(temporaryDirectory()), second: '/nonexistent/disk' }
  await expect(startMachine(options)).rejects.toMatchObject({ code: 'BOOT_FAILED' })
  await expect(startMachine(options)).rejects.toThrow(/nonexistent\/disk/)
})
