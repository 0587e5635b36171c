import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HolotypeError, isErrorCode, run, type RunOptions, type RunResult, SYSTEM_PATH } from '@holotype/base'
import { makeControlGroup } from './control-group.ts'
import { fail } from './errors.ts'
import { SANDBOX_FILE_BYTES, SANDBOX_PROCESSES } from './limits.ts'

/** A writable root over read-only ones: what the program changes ends in `upper` alone. */
export interface OverlayRoot {
  /** Read-only layers, topmost first. */
  readonly lower: readonly string[]
  /** Where changes are left, in overlayfs form (removed paths are character devices 0/0). */
  readonly upper: string
  /** An empty directory on the file system of `upper`, for this run's mount point and overlayfs' own use. */
  readonly scratch: string
}

export interface Bind {
  readonly source: string
  /** Path inside the sandbox, absolute. */
  readonly target: string
  readonly writable: boolean
}

export interface SandboxOptions
  extends Pick<RunOptions, 'env' | 'input' | 'timeoutMs' | 'maxOutputBytes' | 'onLine' | 'okCodes' | 'signal'> {
  readonly root: OverlayRoot
  readonly binds?: readonly Bind[]
  /** Working directory inside. Default: `/`. */
  readonly cwd?: string
  /** Who the program runs as inside. Default: root with {@link SETUP_CAPABILITIES} at most. */
  readonly uid?: number
  readonly gid?: number
  readonly capabilities?: readonly string[]
  /** Bytes of memory for all its processes together, files on a tmpfs included. Default: no limit. */
  readonly memoryBytes?: number
  /** Processes and threads at one time. Default: {@link SANDBOX_PROCESSES}. */
  readonly processes?: number
}

/**
 * What root may still do inside: own and change files of any owner, change identity. Not: mounts, devices, network, modules, other
 * processes' memory, the clock (capabilities(7)).
 */
export const SETUP_CAPABILITIES = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'setuid',
  'setgid',
  'kill',
  'setfcap',
  'audit_write',
] as const

const ENTER = fileURLToPath(new URL('enter.sh', import.meta.url))
/** What enter.sh ends with when it could not hand over to the program. */
const NOT_SET_UP = 125

/**
 * Runs a program in a root of its own: new mount, pid, network (none at all), ipc and uts namespaces, no new privileges, a bounded
 * capability set, an environment that holds what the caller names and nothing else. All its processes end with it.
 *
 * The overlay is mounted `volatile`: an fsync inside costs nothing, because a crash discards `upper` as a whole.
 * @throws SANDBOX_NOT_ALLOWED, SANDBOX_BAD_PATH, SANDBOX_ROOT_UNFIT, SANDBOX_LIMIT_REACHED, PROCESS_FAILED, PROCESS_TIMEOUT, PROCESS_OUTPUT_LIMIT
 */
export async function runInSandbox(argv: readonly [string, ...string[]], options: SandboxOptions): Promise<RunResult> {
  const merged = join(options.root.scratch, 'merged')
  const work = join(options.root.scratch, 'work')
  for (const directory of [merged, work, options.root.upper]) mkdirSync(directory, { recursive: true })
  // The upper layer's top is what the program sees as `/`: the caller's umask must not decide who may enter it.
  chmodSync(options.root.upper, 0o755)
  const binds = (options.binds ?? []).flatMap((bind) => [bind.writable ? 'rw' : 'ro', bind.source, bind.target])
  const bounding = ['-all', ...(options.capabilities ?? SETUP_CAPABILITIES).map((name) => `+${name}`)].join(',')
  const identity = [String(options.uid ?? 0), String(options.gid ?? 0), options.cwd ?? '/']
  const {
    root: _root,
    binds: _binds,
    cwd: _cwd,
    uid: _uid,
    gid: _gid,
    capabilities: _capabilities,
    memoryBytes,
    processes = SANDBOX_PROCESSES,
    env,
    okCodes,
    ...limits
  } = options
  await using group = makeControlGroup({ processes, memoryBytes })
  try {
    const result = await run(
      [
        // Killed with us, whatever ends us: nothing may go on writing to a layer that nobody waits for (prctl(2), PR_SET_PDEATHSIG).
        ...(['setpriv', '--pdeathsig', 'KILL', 'unshare'] as const),
        ...['--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child', '--propagation', 'private', '--'],
        ...['/bin/sh', ENTER, merged, overlayOptions(options.root, work), 'localhost', bounding, ...identity],
        ...[
          String(SANDBOX_FILE_BYTES),
          ...group.entrances.flatMap((path) => ['group', path, '']),
          ...binds,
          '--',
          ...argv,
        ],
      ],
      { ...limits, env: { PATH: SYSTEM_PATH, ...env }, okCodes: [...(okCodes ?? [0]), NOT_SET_UP] },
    )
    if (result.code === NOT_SET_UP && result.stderr.includes('holotype-sandbox: no setpriv')) {
      throw fail('SANDBOX_ROOT_UNFIT', {
        what: `the root made of ${options.root.lower.join(', ')} has no /usr/bin/setpriv`,
      })
    }
    if (result.code === NOT_SET_UP && result.stderr.includes('holotype-sandbox:')) {
      throw fail('SANDBOX_NOT_ALLOWED', {
        what: `a sandbox for ${argv[0]} could not be set up: ${result.stderr.trim()}`,
      })
    }
    return result
  } catch (error) {
    const limit = isErrorCode(error, 'PROCESS_FAILED') ? group.reached() : undefined
    if (limit !== undefined) {
      throw fail('SANDBOX_LIMIT_REACHED', {
        what: `${argv[0]} wanted more ${limit} than it may have: ${limit === 'memory' ? `${memoryBytes} bytes` : processes}`,
        cause: error,
      })
    }
    // "sigprocmask" is what unshare says when the program was killed by a signal.
    if (error instanceof HolotypeError && /^unshare: (?!sigprocmask)/.test(String(error.data.stderr))) {
      throw fail('SANDBOX_NOT_ALLOWED', { what: `a sandbox for ${argv[0]} could not be made`, cause: error })
    }
    throw error
  }
}

function overlayOptions(root: OverlayRoot, work: string): string {
  for (const path of [...root.lower, root.upper, work]) {
    if (/[,:\\\s]/.test(path)) throw fail('SANDBOX_BAD_PATH', { what: `cannot mount ${JSON.stringify(path)}` })
  }
  return `lowerdir=${root.lower.join(':')},upperdir=${root.upper},workdir=${work},redirect_dir=off,metacopy=off,index=off,xino=off,volatile`
}
