import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeControlGroup } from './control-group.ts'
import { runInSandbox, type SandboxOptions } from './sandbox.ts'

const isRoot = process.getuid?.() === 0
const hasControlGroups = makesControlGroups()
let base: string
let runs: number

/** A root whose /usr is the machine's own, read-only: the tests need a few programs and no package. */
function sandbox(options: Partial<SandboxOptions> = {}): SandboxOptions {
  const scratch = join(base, `scratch-${++runs}`)
  mkdirSync(scratch)
  return {
    root: { lower: [join(base, 'root')], upper: join(base, 'upper'), scratch },
    binds: [{ source: '/usr', target: '/usr', writable: false }],
    ...options,
  }
}

const sh = (script: string, options?: Partial<SandboxOptions>) =>
  runInSandbox(['/bin/sh', '-c', script], sandbox(options))

beforeEach(() => {
  runs = 0
  base = mkdtempSync(join(tmpdir(), 'holotype-sandbox-'))
  mkdirSync(join(base, 'root/etc'), { recursive: true })
  mkdirSync(join(base, 'upper'))
  writeFileSync(join(base, 'root/etc/greeting'), 'below\n')
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(base, 'root', name))
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

describe.skipIf(!isRoot)('a sandbox (skipped without root: mounts)', () => {
  test('has no network but its own idle loopback', async () => {
    const { stdout } = await sh('cat /proc/net/dev')
    const interfaces = stdout
      .toString()
      .split('\n')
      .slice(2)
      .map((line) => line.split(':')[0]?.trim())
    expect(interfaces.filter(Boolean)).toEqual(['lo'])
  })

  test("cannot see the machine's files, processes, host name or environment", async () => {
    writeFileSync(join(base, 'secret'), 'secret')
    const { stdout } = await sh(`ls ${base}/secret /proc/1/root${base} 2>/dev/null; ls -d /proc/[0-9]*; uname -n; env`)
    const lines = stdout.toString().trim().split('\n')
    expect(lines.filter((line) => line.includes(base))).toEqual([])
    expect(lines.filter((line) => line.startsWith('/proc/')).length).toBeLessThanOrEqual(3)
    expect(lines).toContain('localhost')
    expect(
      lines
        .filter((line) => /^[A-Z_]+=/.test(line))
        .map((line) => line.split('=')[0])
        .sort((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1)),
    ).toEqual(['OLDPWD', 'PATH', 'PWD'])
  })

  test('leaves its changes in the upper layer and the lower one as it was', async () => {
    await sh('echo above > /etc/greeting; echo new > /etc/new; echo gone > /tmp/gone; echo gone > /run/gone')
    expect(readFileSync(join(base, 'root/etc/greeting'), 'utf8')).toBe('below\n')
    expect(readFileSync(join(base, 'upper/etc/greeting'), 'utf8')).toBe('above\n')
    expect(readdirSync(join(base, 'upper/etc')).sort()).toEqual(['greeting', 'new'])
    expect(readdirSync(join(base, 'upper/tmp'))).toEqual([])
  })

  test.each([
    ['mount', 'mount -t tmpfs none /etc'],
    ['make a device', 'mknod /etc/disk b 8 0'],
    ['write to a read-only bind', 'echo x > /usr/holotype-was-here'],
    ['set the clock', 'date -s 2001-01-01'],
    ['load a module', 'modprobe loop'],
    ['leave its root', 'chroot /usr /bin/true'],
    ['make an interface', 'ip link add x type dummy'],
    // The setting's own value, and the key that prints help: a sandbox that lets them through does no harm here.
    [
      'change a setting of the kernel',
      'read -r x < /proc/sys/kernel/core_pattern; echo "$x" > /proc/sys/kernel/core_pattern',
    ],
    ['press a magic key', 'echo h > /proc/sysrq-trigger'],
    ["change the machine's own devices", 'chmod 666 /dev/null'],
  ])('may not %s, even as root inside', async (_what, script) => {
    const { stdout } = await sh(`{ ${script}; } 2>&1; echo exit $?`)
    expect(stdout.toString()).toMatch(/not permitted|denied|read-only|not found|nonexistent/i)
    expect(stdout.toString()).not.toContain('exit 0')
  })

  test('runs as whom it is told, with no capability at all when none is named', async () => {
    const { stdout } = await sh('id -u; id -g; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status', {
      uid: 1000,
      gid: 1001,
      capabilities: [],
    })
    expect(stdout.toString().split(/\s+/)).toEqual([
      '1000',
      '1001',
      'CapEff:',
      '0000000000000000',
      'CapBnd:',
      '0000000000000000',
      'NoNewPrivs:',
      '1',
      '',
    ])
  })

  test('ends with everything it started, on a time-out too', async () => {
    const marker = `31${process.pid}.5`
    await expect(sh(`sleep ${marker} & sleep ${marker}`, { timeoutMs: 700 })).rejects.toMatchObject({
      code: 'PROCESS_TIMEOUT',
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const alive = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(marker))
    expect(alive).toEqual([])
  })

  test.each(['proc', 'sys', 'dev', 'tmp', 'run', 'srv/bound'])(
    'mounts nothing and makes nothing where a link at /%s leads',
    async (path) => {
      const outside = join(base, 'outside')
      mkdirSync(outside)
      mkdirSync(join(base, 'root/srv'))
      symlinkSync(outside, join(base, 'root', path))
      const bind = { source: '/usr', target: '/srv/bound/below', writable: false }
      const failing = runInSandbox(['/bin/true'], sandbox({ binds: [bind] }))
      await expect(failing).rejects.toMatchObject({
        code: 'SANDBOX_NOT_ALLOWED',
        message: expect.stringContaining(`${path} leads out`.replace('bound', 'bound/below')),
      })
      expect(readdirSync(outside)).toEqual([])
    },
  )

  test('has what is not its own read-only, without set-user-id programs and without devices of ours', async () => {
    const { stdout } = await sh('cat /proc/self/mounts')
    const flags = new Map(
      stdout
        .toString()
        .split('\n')
        .map((line) => line.split(' '))
        .map(([, target = '', , options = '']) => [target, options.split(',')]),
    )
    const nodes = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`)
    for (const node of nodes) expect(flags.get(node), node).toEqual(expect.arrayContaining(['ro', 'nosuid', 'noexec']))
    const settings = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus', '/proc/fs']
    for (const path of settings.filter((candidate) => existsSync(candidate)))
      expect(flags.get(path), path).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']))
    expect(flags.get('/usr')).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev']))
  })

  test('leaves no mount behind', async () => {
    await sh('true')
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(base)
  })

  test.each([
    ['a mount point', 'tmp', '/tmp'],
    ['a directory above a bind', 'opt', '/opt/tool'],
  ])('refuses a root in which %s is a link to the machine outside', async (_what, name, target) => {
    const outside = join(base, 'outside')
    mkdirSync(outside)
    symlinkSync(outside, join(base, 'root', name))
    const options = sandbox()
    await expect(
      runInSandbox(['/bin/true'], {
        ...options,
        binds: [...(options.binds ?? []), { source: '/etc', target, writable: false }],
      }),
    ).rejects.toMatchObject({ code: 'SANDBOX_NOT_ALLOWED' })
    expect(readdirSync(outside)).toEqual([])
  })

  test('ends with the process that started it, also when that one is killed', async () => {
    const marker = `60.${process.pid}`
    const code = `
      const { runInSandbox } = await import(${JSON.stringify(new URL('sandbox.ts', import.meta.url).href)})
      await runInSandbox(['/bin/sleep', '${marker}'], ${JSON.stringify(sandbox())})`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' })
    const alive = () =>
      readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid) === `/bin/sleep\0${marker}\0`)
    await vi.waitFor(() => expect(alive()).toHaveLength(1), { timeout: 10_000 })
    child.kill('SIGKILL')
    await vi.waitFor(() => expect(alive()).toEqual([]), { timeout: 5_000 })
  })

  describe.skipIf(!hasControlGroups)('has a limit (skipped where no control groups can be made)', () => {
    const groups = () =>
      ['/sys/fs/cgroup', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/memory']
        .filter((directory) => existsSync(directory))
        .flatMap((directory) => readdirSync(directory).filter((name) => name.startsWith(`holotype-${process.pid}-`)))
    const forks = 'i=0; while [ $i -lt 100 ]; do sleep 5 & i=$((i+1)); done; echo $i'
    const fill = 'head -c 64M /dev/zero > /tmp/file && ls -s /tmp/file'

    test('of processes: who forks without end is refused more, and all end', async () => {
      await expect(sh(forks, { processes: 50 })).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_REACHED' })
      expect((await sh(forks)).stdout.toString()).toBe('100\n')
      expect(groups()).toEqual([])
    })

    test('of memory: a program that takes more is ended', async () => {
      const eat = ['/usr/bin/tail', '/dev/zero'] as const
      const failing = runInSandbox([...eat], sandbox({ memoryBytes: 32 * 1024 * 1024 }))
      await expect(failing).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_REACHED' })
      await expect(failing).rejects.toThrow(/memory/)
      expect(groups()).toEqual([])
    })

    test('of what it writes into memory', async () => {
      await expect(sh(fill, { memoryBytes: 32 * 1024 * 1024 })).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_REACHED' })
      expect((await sh(fill, { memoryBytes: 256 * 1024 * 1024 })).stdout.toString()).toMatch(/^65536 /)
    })

    test('and the group of a killed process goes with the next', async () => {
      const left = '/sys/fs/cgroup/pids/holotype-4194305-1'
      if (!existsSync('/sys/fs/cgroup/pids')) return
      mkdirSync(left)
      await sh('true')
      expect(existsSync(left)).toBe(false)
    })
  })

  test('is stopped by a signal', async () => {
    const controller = new AbortController()
    const running = sh('echo up; sleep 60', { signal: controller.signal, onLine: () => controller.abort() })
    await expect(running).rejects.toMatchObject({ code: 'PROCESS_ABORTED' })
  })

  test('refuses a path that mount options would read as something else', async () => {
    const options = sandbox()
    await expect(
      runInSandbox(['/bin/true'], { ...options, root: { ...options.root, lower: ['/tmp/a,b'] } }),
    ).rejects.toMatchObject({
      code: 'SANDBOX_BAD_PATH',
    })
  })

  test('says so when the root cannot drop privileges', async () => {
    await expect(runInSandbox(['/bin/true'], sandbox({ binds: [] }))).rejects.toMatchObject({
      code: 'SANDBOX_ROOT_UNFIT',
    })
  })
})

function makesControlGroups(): boolean {
  const group = makeControlGroup({ processes: 10, memoryBytes: 1024 * 1024 })
  void group[Symbol.asyncDispose]()
  return group.entrances.length > 0
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
