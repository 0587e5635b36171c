import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { KERNEL_VERSION_BYTES, KERNELS } from '../limits.ts'

/** The kernel that runs is not the newest one that is installed. */
export interface PendingKernel {
  /** `6.1.0-37-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)`; the release alone where a kernel does not say more. */
  readonly running: string
  readonly installed: string
}

interface Kernel {
  /** As `uname -r` says. */
  readonly release: string
  /** As `uname -v` says: from `#` on. */
  readonly build: string | undefined
}

/**
 * Whether the newest kernel of a root is another than the one that runs: another release, or a rebuild of the same one, which keeps its name.
 * Undefined when it is the same, or the root has no kernel (a container).
 */
export function pendingKernel(root: string, proc = '/proc'): PendingKernel | undefined {
  const running = parseRunning(readFileSync(join(proc, 'version'), 'utf8'))
  const [newest] = kernelsOf(root).sort((a, b) => b.release.localeCompare(a.release, 'en', { numeric: true }))
  if (!running || !newest) return undefined
  const sameBuild = newest.build === undefined || newest.build === running.build
  if (newest.release === running.release && sameBuild) return undefined
  const words = ({ release, build }: Kernel) => (build === undefined ? release : `${release} ${build}`)
  return { running: words(running), installed: words(newest) }
}

/** `Linux version RELEASE (builder) (compiler) #1 SMP …` */
function parseRunning(text: string): Kernel | undefined {
  const [, release, build] = /^Linux version (\S+) .*?(#\d.*)$/m.exec(text) ?? []
  return release === undefined ? undefined : { release, build }
}

/** `/boot/vmlinuz-RELEASE` (Debian, Void, Alpine) and `/usr/lib/modules/RELEASE/vmlinuz` (Fedora, Arch). */
function kernelsOf(root: string): Kernel[] {
  const boot = names(join(root, 'boot')).flatMap((name) => {
    const [, release] = /^vmlinu[xz]-(\d.*)$/.exec(name) ?? []
    return release === undefined ? [] : [{ release, path: join(root, 'boot', name) }]
  })
  const modules = join(root, 'usr/lib/modules')
  const fallback = names(modules).flatMap((release) =>
    names(join(modules, release)).includes('vmlinuz') ? [{ release, path: join(modules, release, 'vmlinuz') }] : [],
  )
  return [...boot, ...fallback]
    .slice(0, KERNELS)
    .map(({ release, path }) => ({ release, build: /#\d.*$/.exec(versionText(path) ?? '')?.[0] }))
}

/**
 * The version text of an x86 kernel image (Linux, Documentation/arch/x86/boot.rst): `HdrS` at 0x202, and at 0x20e where the text is, less
 * 0x200. Undefined for any other image.
 */
function versionText(path: string): string | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const head = Buffer.alloc(0x210)
    if (readSync(file, head, 0, head.length, 0) < head.length || head.toString('latin1', 0x202, 0x206) !== 'HdrS')
      return undefined
    const text = Buffer.alloc(KERNEL_VERSION_BYTES)
    const length = readSync(file, text, 0, text.length, head.readUInt16LE(0x20e) + 0x200)
    const end = text.subarray(0, length).indexOf(0)
    return end < 0 ? undefined : text.toString('latin1', 0, end)
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
