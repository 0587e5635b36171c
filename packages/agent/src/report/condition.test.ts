import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { conditionFlags, flagsOf, outdatedProcesses } from './condition.ts'
import { pendingKernel } from './kernel.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holotype-condition-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

/** The head of an x86 kernel image as boot.rst draws it. */
function image(version: string): Buffer {
  const bytes = Buffer.alloc(0x4000)
  bytes.write('HdrS', 0x202, 'latin1')
  bytes.writeUInt16LE(0x3000, 0x20e)
  bytes.write(`${version}\0`, 0x3200, 'latin1')
  return bytes
}

const BUILD = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)'
const REBUILD = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.85-1 (2024-04-11)'
const BUILDER = '(debian-kernel@lists.debian.org)'

describe('the running kernel', () => {
  const pending = () => pendingKernel(join(folder, 'root'), join(folder, 'proc'))
  beforeEach(() =>
    put(
      'proc/version',
      `Linux version 6.1.0-18-amd64 ${BUILDER} (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld 2.40) ${BUILD}\n`,
    ),
  )

  test('is not compared where none is installed', () => {
    expect(pending()).toBeUndefined()
  })

  test('is the installed one', () => {
    put('root/boot/vmlinuz-6.1.0-18-amd64', image(`6.1.0-18-amd64 ${BUILDER} ${BUILD}`))
    put('root/boot/vmlinuz-6.1.0-9-amd64', image(`6.1.0-9-amd64 ${BUILDER} #1 SMP`))
    put('root/boot/vmlinuz.old', 'no release')
    expect(pending()).toBeUndefined()
  })

  test('is older than a newer release, by number', () => {
    put('root/boot/vmlinuz-6.1.0-18-amd64', image(`6.1.0-18-amd64 ${BUILDER} ${BUILD}`))
    put('root/boot/vmlinuz-6.1.0-100-amd64', 'of another machine')
    expect(pending()).toEqual({ running: `6.1.0-18-amd64 ${BUILD}`, installed: '6.1.0-100-amd64' })
  })

  test('is another build of the same release', () => {
    put('root/boot/vmlinuz-6.1.0-18-amd64', image(`6.1.0-18-amd64 ${BUILDER} ${REBUILD}`))
    expect(pending()).toEqual({ running: `6.1.0-18-amd64 ${BUILD}`, installed: `6.1.0-18-amd64 ${REBUILD}` })
  })

  test('is compared with kernels among their modules too', () => {
    put('root/usr/lib/modules/6.7.4-arch1-1/vmlinuz', image('6.7.4-arch1-1 (linux@archlinux) #1 SMP'))
    put('root/usr/lib/modules/6.9.0-empty/modules.dep', '')
    expect(pending()?.installed).toBe('6.7.4-arch1-1 #1 SMP')
  })

  test('an image whose version lies beyond its end is told by its name', () => {
    put('root/boot/vmlinuz-6.1.0-18-amd64', image('x').subarray(0, 0x300))
    expect(pending()).toBeUndefined()
  })
})

test.skipIf(process.getuid?.() !== 0)(
  'a process whose program was replaced is found while it runs, and is not when it was started anew (needs root)',
  async () => {
    // A program at a place where programs are: the list is of those alone.
    const place = mkdtempSync('/opt/holotype-condition-')
    try {
      const program = join(place, 'sleep')
      copyFileSync('/bin/sleep', program)
      const start = () => spawn(program, ['60'], { stdio: 'ignore' })
      const old = start()
      try {
        const mine = () => outdatedProcesses().filter(({ pid }) => pid === old.pid)
        await new Promise((resolve) => old.once('spawn', resolve))
        expect(mine()).toEqual([])
        copyFileSync('/bin/sleep', join(place, 'next'))
        renameSync(join(place, 'next'), program)
        expect(mine()).toMatchObject([{ name: 'sleep', files: [program] }])
        const fresh = start()
        await new Promise((resolve) => fresh.once('spawn', resolve))
        expect(outdatedProcesses().some(({ pid }) => pid === fresh.pid)).toBe(false)
        fresh.kill('SIGKILL')
      } finally {
        old.kill('SIGKILL')
      }
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
  },
)

test('memory that is no program is not counted, and a process is named by its unit', () => {
  const line = (permissions: string, path: string) => `7f00-7f01 ${permissions} 00000000 fe:01 4242    ${path}\n`
  put(
    'proc/42/maps',
    line('r-xp', '/usr/lib/libssl.so.3 (deleted)') +
      line('r--p', '/usr/lib/libz.so.1 (deleted)') +
      line('r-xp', '/usr/lib/libc.so.6') +
      '7f00-7f01 rwxp 00000000 00:01 99   /memfd:jit (deleted)\n' +
      line('r-xp', '/tmp/.so (deleted)'),
  )
  put('proc/42/comm', 'nginx\n')
  put('proc/42/cgroup', '12:pids:/system.slice/nginx.service\n0::/system.slice/nginx.service\n')
  put('proc/43/comm', 'gone\n')
  put('proc/self/maps', 'x')
  expect(outdatedProcesses(join(folder, 'proc'))).toEqual([
    { pid: 42, name: 'nginx', unit: 'nginx.service', files: ['/usr/lib/libssl.so.3'] },
  ])
})

test('the flags are looked at anew when something has changed or some time has passed', async () => {
  const file = join(folder, 'condition.json')
  const first = await conditionFlags(folder, { changed: false, now: 1_000_000 })
  const { ino } = statSync(file)
  writeFileSync(file, JSON.stringify({ time: 1_000_000, flags: ['kept'] }))
  expect(await conditionFlags(folder, { changed: false, now: 1_001_000 })).toEqual(['kept'])
  expect(statSync(file).ino).toBe(ino)
  expect(await conditionFlags(folder, { changed: true, now: 1_001_000 })).toEqual(first)
  writeFileSync(file, JSON.stringify({ time: 1_000_000, flags: ['kept'] }))
  expect(await conditionFlags(folder, { changed: false, now: 2_000_000 })).toEqual(first)
  // A clock that went back, and a damaged file.
  writeFileSync(file, JSON.stringify({ time: 9_000_000, flags: ['kept'] }))
  expect(await conditionFlags(folder, { changed: false, now: 2_000_000 })).toEqual(first)
  writeFileSync(file, '{')
  expect(await conditionFlags(folder, { changed: false, now: 2_000_000 })).toEqual(first)
})

test('the words', () => {
  const reboot = { running: '6.1', installed: '6.2' }
  expect(flagsOf({ reboot, restart: [{ pid: 1, name: 'x', files: [] }], failedUnits: ['x'] })).toEqual([
    'reboot-pending',
    'restart-pending',
    'units-failed',
  ])
  expect(flagsOf({ reboot: null, restart: [], failedUnits: [] })).toEqual([])
})
