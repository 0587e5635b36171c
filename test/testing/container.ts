import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { run, SYSTEM_PATH } from '@holotype/base'
import { guestClock, waitsOf } from '../../packages/image/src/boot-check/guest-clock.ts'

/** A root directory booted by systemd-nspawn, its own init as process 1. */
export interface Container extends AsyncDisposable {
  /** What a program within prints. @throws PROCESS_FAILED, and PROCESS_ABORTED when it does not end */
  run(argv: readonly string[]): Promise<string>
  /** What its console has shown so far: what systemd says before there is a journal. */
  console(): string
}

/** Milliseconds a container may take to its last job, and a program in it to its end; while what runs there wants a processor that others have, none pass. */
const BOOT_MS = 120_000
const RUN_MS = 600_000
/** By the machine's clock, as far off as that of a test of containers: what is within has the limits above. */
export const FAR_MS = 12 * 60 * 60_000
const POLL_MS = 100
const CONSOLE_CHARACTERS = 64 * 1024

/** Why this machine cannot boot a root in a container; undefined if it can. */
export function unfitForContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: systemd-nspawn'
  const { error } = spawnSync('systemd-nspawn', ['--version'], { env: { PATH: SYSTEM_PATH } })
  return error ? 'systemd-nspawn (systemd-container) is not here' : undefined
}

/**
 * Boots until nothing is left to be started, whether or not all of it came up.
 * @param units files of units that the image has not, by name; multi-user.target wants them
 * @param how further arguments; default: no network and no disk, what it writes is in memory
 */
export async function bootContainer(
  root: string,
  {
    units = {},
    how = ['--volatile=overlay', '--private-network'],
  }: { readonly units?: Readonly<Record<string, string>>; readonly how?: readonly string[] } = {},
): Promise<Container> {
  let said = ''
  const child = spawn(
    'systemd-nspawn',
    [
      ...['--boot', '--quiet', `--directory=${root}`, ...how, '--register=no'],
      ...[
        '--keep-unit',
        '--console=read-only',
        '--setenv=SYSTEMD_COLORS=0',
        '--link-journal=no',
        '--machine=holotype-boot-order',
      ],
      ...Object.entries(units).map(([name, file]) => `--bind-ro=${file}:/etc/systemd/system/${name}`),
      ...Object.keys(units).map((name) => `systemd.wants=${name}`),
    ],
    { env: { PATH: SYSTEM_PATH, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-CONSOLE_CHARACTERS)
    })
  const ended = once(child, 'close')
  const init = () => childrenOf(child.pid).find((pid) => nameOf(pid) === 'systemd')
  const within = async (argv: readonly string[]): Promise<string> => {
    const pid = init()
    if (pid === undefined) throw new Error(`the container has ended: ${said}`)
    const passed = startClock()
    const late = new AbortController()
    const watch = setInterval(() => passed() > RUN_MS && late.abort(), POLL_MS)
    const options = { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' }, timeoutMs: FAR_MS, signal: late.signal }
    const enter = ['nsenter', `--target=${pid}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--', ...argv] as const
    const { stdout } = await run(enter, options).finally(() => clearInterval(watch))
    return stdout.toString()
  }
  const kill = () => {
    // nspawn's end leaves process 1 of the container, whose end takes the others along.
    const pid = init()
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    if (child.exitCode === null) child.kill('SIGTERM')
  }
  process.once('exit', kill)
  const stop = async () => {
    process.removeListener('exit', kill)
    kill()
    await ended
  }
  try {
    const passed = startClock()
    for (let state = 'none'; !/^(running|degraded)$/.test(state); await sleep(POLL_MS)) {
      if (child.exitCode !== null || passed() > BOOT_MS)
        throw new Error(`the container did not come up (${state}): ${said}`)
      state = await within(['sh', '-c', 'systemctl is-system-running || true']).then(
        (text) => text.trim(),
        // Until process 1 listens.
        () => 'none',
      )
    }
    return { run: within, console: () => said, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Of all that this process has started: the container, and what was sent into it. */
const startClock = () =>
  guestClock(
    () => performance.now(),
    () => waitsOf(process.pid),
  )

function childrenOf(pid: number | undefined): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
