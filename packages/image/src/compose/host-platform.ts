import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import { platformOf } from '../platform.ts'

/** What Node calls the architectures of platforms, and the machine that an ELF header of theirs names (System V gABI, `e_machine`). */
const PLATFORMS: ReadonlyMap<string, { readonly node: string; readonly machine: number }> = new Map([
  ['amd64', { node: 'x64', machine: 62 }],
  ['arm64', { node: 'arm64', machine: 183 }],
])

/** Where the kernel shows what it has registered (kernel, admin-guide/binfmt-misc.rst). */
const BINFMT = '/proc/sys/fs/binfmt_misc'

/**
 * Refuses to run programs that this machine has no processor for and the kernel no handler.
 * @param architecture as the format of the packages names it
 * @throws IMAGE_ARCHITECTURE_FOREIGN
 */
export function requireRunnable(
  architecture: string,
  { host = process.arch, handlers = BINFMT }: { readonly host?: string; readonly handlers?: string } = {},
): void {
  const platform = PLATFORMS.get(platformOf(architecture))
  // Of others nothing is known: the kernel says.
  if (platform === undefined || platform.node === host || hasHandler(handlers, platform.machine)) return
  throw fail('IMAGE_ARCHITECTURE_FOREIGN', { what: `the packages are of ${architecture}, and this machine is ${host}` })
}

function hasHandler(directory: string, machine: number): boolean {
  if (!existsSync(directory) || !isOn(join(directory, 'status'))) return false
  return readdirSync(directory).some(
    (name) =>
      name !== 'status' && name !== 'register' && handles(readFileSync(join(directory, name), 'latin1'), machine),
  )
}

function isOn(status: string): boolean {
  return existsSync(status) && readFileSync(status, 'latin1').trim() === 'enabled'
}

/** Whether an entry takes programs of that machine, with a handler that was opened when it was registered (`F`): no image has it at its path. */
function handles(entry: string, machine: number): boolean {
  const value = (name: string) => new RegExp(`^${name}:? (.*)$`, 'm').exec(entry)?.[1] ?? ''
  const magic = Buffer.from(value('magic'), 'hex')
  const mask = Buffer.from(value('mask') || 'ff'.repeat(magic.length), 'hex')
  const header = elfHeader(machine).subarray(Number(value('offset')))
  return (
    entry.startsWith('enabled\n') &&
    value('flags').includes('F') &&
    magic.length > 0 &&
    magic.every((byte, at) => ((header[at] ?? 0) & (mask[at] ?? 0)) === (byte & (mask[at] ?? 0)))
  )
}

/** The beginning of a program: 64-bit, little endian, position-independent. */
function elfHeader(machine: number): Buffer {
  const header = Buffer.alloc(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeUInt16LE(3, 16)
  header.writeUInt16LE(machine, 18)
  header.writeUInt32LE(1, 20)
  return header
}
