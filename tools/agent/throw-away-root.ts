import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../packages/base/src/index.ts'

/** This machine's root with a layer above it that takes all writes, for package managers to install into. Needs root. */
export interface ThrowAwayRoot extends Disposable {
  /** A folder of the machine that is `/srv` in there. */
  readonly srv: string
  /** Runs a script of sh in there and gives what it printed, both streams together. What it wrote is there the next time. @throws PROCESS_FAILED */
  sh(script: string): Promise<string>
}

export function throwAwayRoot(): ThrowAwayRoot {
  const place = mkdtempSync(join(tmpdir(), 'holotype-root-'))
  for (const name of ['upper', 'work', 'merged', 'srv']) mkdirSync(join(place, name))
  // The mounts are in a namespace of their own and end with it. What is mounted below / is not in the layer under it: there is no systemd at /run.
  const enter = `set -eu
cd "$0"
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay merged
mount --bind srv merged/srv
mount --bind /dev merged/dev
mount --bind /proc merged/proc
mount -t tmpfs tmpfs merged/tmp
exec chroot merged /bin/sh -eu -c "$1" 2>&1`
  return {
    srv: join(place, 'srv'),
    async sh(script) {
      const argv = ['unshare', '--mount', '--propagation=private', 'sh', '-c', enter, place, script] as const
      return (await run(argv, { timeoutMs: 300_000 })).stdout.toString()
    },
    [Symbol.dispose]() {
      rmSync(place, { recursive: true, force: true })
    },
  }
}
