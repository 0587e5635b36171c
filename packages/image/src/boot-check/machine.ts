import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SYSTEM_PATH } from '@holotype/base'
import { fail } from '../errors.ts'
import { CONSOLE_BYTES } from '../limits.ts'
import { guestClock, waitsOf } from './guest-clock.ts'

export type Firmware = 'bios' | 'uefi'
/** `tcg`: emulated, which works anywhere. */
export type Accelerator = 'kvm' | 'tcg'

/** What is tried, in order: a machine may have the device and yet fail to use it. */
export function accelerators(): readonly Accelerator[] {
  return existsSync('/dev/kvm') ? ['kvm', 'tcg'] : ['tcg']
}

/** A TCP port of the guest, which has the address 10.0.2.15, and the one of the loopback that leads there. */
export interface Forward {
  readonly from: number
  readonly to: number
}

export interface MachineOptions {
  /** A raw disk, which the machine writes to. */
  readonly disk: string
  /** Another one, only read. */
  readonly second?: string
  /** Its ports that are reached at ports of this machine's loopback. Absent: it has no network. */
  readonly forwards?: readonly Forward[]
  readonly architecture: string
  readonly firmware: Firmware
  readonly accelerator: Accelerator
  /** A directory for sockets and the firmware's variables; short, for a socket's path has 107 bytes. */
  readonly scratch: string
  /** Where the console's text is kept. */
  readonly log: string
}

/** A virtual machine; nothing outside can be reached from it. Its first serial port is its console, kept in `log`; the second is `shell`. */
export interface Machine extends AsyncDisposable {
  readonly shell: Socket
  /** What the console has shown so far. */
  console(): string
  /** Undefined while it runs. */
  ended(): string | undefined
  /** Starts a clock for a limit, in milliseconds, without the time for which the machine wanted a processor that others had. */
  startClock(): () => number
  /** As if the plug were pulled: the process is killed, nothing is written out that the guest had not written. */
  cutPower(): Promise<void>
}

/** Where Debian, Fedora and Arch keep the firmware; with the file that its variables begin as. */
const UEFI = [
  ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
  ['/usr/share/edk2/x64/OVMF_CODE.4m.fd', '/usr/share/edk2/x64/OVMF_VARS.4m.fd'],
] as const

/** True where this machine has a firmware of that kind for its guests. */
export function hasFirmware(firmware: Firmware): boolean {
  return firmware === 'bios' || UEFI.some(([code]) => existsSync(code))
}

/** Where qemu's user network expects its guest. */
const GUEST_ADDRESS = '10.0.2.15'
/** By the machine's clock, for qemu to be read from the disk and open its port. */
const CONNECT_MS = 60_000
const CONNECT_WAIT_MS = 100

/** Starts a machine. Dispose of it: its process ends then. It ends with this process too, however that ends. @throws BOOT_FAILED */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { scratch, log } = options
  const socket = join(scratch, 'shell')
  let complaint = ''
  // Whatever ends us, no guest stays that nobody waits for (prctl(2), PR_SET_PDEATHSIG).
  const argv = ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', ...argumentsOf(options, socket)]
  const child = spawn('setpriv', argv, {
    env: { PATH: SYSTEM_PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk.toString()}`.slice(-2000)
  })
  child.on('error', (error) => {
    complaint = error.message
  })
  const stop = () => kill(child)
  const ended = () =>
    child.exitCode === null && child.signalCode === null && child.pid !== undefined
      ? undefined
      : complaint.trim() || `qemu ended with ${child.signalCode ?? `code ${child.exitCode}`}`
  const startClock = () =>
    guestClock(
      () => performance.now(),
      () => waitsOf(child.pid ?? 0),
    )
  try {
    const shell = await connect(socket, ended, startClock())
    return {
      shell,
      console: () => (existsSync(log) ? readFileSync(log, 'latin1').slice(-CONSOLE_BYTES) : ''),
      ended,
      startClock,
      async cutPower() {
        shell.destroy()
        await stop()
      },
      async [Symbol.asyncDispose]() {
        shell.destroy()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function argumentsOf(
  { disk, second, forwards = [], architecture, firmware, accelerator, scratch, log }: MachineOptions,
  socket: string,
): string[] {
  if (architecture !== 'amd64')
    throw fail('BOOT_FAILED', { what: `only amd64 disks are booted yet, this one is ${architecture}` })
  return [
    ...[
      '-M',
      'q35',
      '-accel',
      accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi',
      '-cpu',
      'max',
      '-m',
      '1024',
      '-smp',
      '2',
    ],
    ...['-nodefaults', '-display', 'none', '-no-reboot'],
    ...(firmware === 'uefi' ? uefi(scratch) : []),
    // What the guest has written and not flushed lies in this machine's memory: a guest that is killed loses what it had not written.
    ...['-drive', `file=${disk.replaceAll(',', ',,')},if=virtio,format=raw,cache=writeback`],
    ...(second === undefined
      ? []
      : ['-drive', `file=${second.replaceAll(',', ',,')},if=virtio,format=raw,readonly=on`]),
    ...(forwards.length === 0 ? [] : network(forwards)),
    ...['-serial', `file:${log}`],
    // `wait`: the guest starts when somebody listens, or its first words are lost.
    ...['-serial', `unix:${socket.replaceAll(',', ',,')},server=on,wait=on`],
    ...['-device', 'virtio-rng-pci'],
  ]
}

/** `restrict`: the guest is answered and reaches nobody. No `romfile`: it does not boot from there. */
function network(forwards: readonly Forward[]): string[] {
  const hosts = forwards.map(({ from, to }) => `hostfwd=tcp:127.0.0.1:${from}-${GUEST_ADDRESS}:${to}`)
  return [
    ...['-netdev', ['user', 'id=net', 'restrict=on', ...hosts].join(',')],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
  ]
}

function uefi(scratch: string): string[] {
  const [code, variables] = UEFI.find(([path]) => existsSync(path)) ?? []
  if (code === undefined || variables === undefined)
    throw fail('BOOT_FAILED', { what: 'this machine has no UEFI firmware for its guests', hint: 'install ovmf' })
  const own = join(scratch, 'variables')
  copyFileSync(variables, own)
  return [
    ...['-drive', `if=pflash,format=raw,readonly=on,file=${code}`],
    ...['-drive', `if=pflash,format=raw,file=${own.replaceAll(',', ',,')}`],
  ]
}

async function connect(path: string, ended: () => string | undefined, passed: () => number): Promise<Socket> {
  while (passed() < CONNECT_MS) {
    const why = ended()
    if (why !== undefined) throw fail('BOOT_FAILED', { what: `the virtual machine did not start: ${why}` })
    if (existsSync(path)) {
      const socket = createConnection(path)
      const connected = await once(socket, 'connect').then(
        () => true,
        () => false,
      )
      if (connected) return socket
    }
    await sleep(CONNECT_WAIT_MS)
  }
  throw fail('BOOT_FAILED', { what: 'the virtual machine did not open its serial port' })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
