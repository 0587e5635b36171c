import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rulesOf } from '@holotype/formats/rules'
import { runInSandbox } from '@holotype/sandbox'
import { lookup } from '@holotype/store'
import { z } from 'zod'
import { layOut } from '../compose/lay-out.ts'
import { fail } from '../errors.ts'
import { SECTOR } from './gpt.ts'
import type { ExportSource } from './source.ts'

/*
 * GRUB, of the image's own packages and put together by the image's own grub-mkimage: the lock fixes every byte of it. Its commands stand
 * within it and lead through the image's links to the newest kernel, so a node that gets a new kernel by its agent boots it, and the file
 * system holds no path that the image does not.
 */

export interface BootLoader {
  /** For a BIOS: the first sector's code, and what it loads from its own partition. */
  readonly bios?: { readonly sector: Buffer; readonly core: Buffer }
  /** For UEFI: the program, and its name as removable media have it (UEFI 2.10 §3.5.1.1). */
  readonly efi?: { readonly name: string; readonly program: Buffer }
}

export interface BootLoaderOptions {
  readonly source: ExportSource
  /** The file system with the kernel. */
  readonly rootUuid: string
  /** Sector that the core image for a BIOS is written at. */
  readonly coreSector: number
  /** An empty directory. */
  readonly scratch: string
  readonly signal?: AbortSignal
}

const MODULES = [
  'part_gpt',
  'ext2',
  'search_fs_uuid',
  'linux',
  'normal',
  'boot',
  'echo',
  'reboot',
  'halt',
  'serial',
  'terminal',
]
const EFI = { amd64: ['x86_64-efi', 'BOOTX64.EFI'], arm64: ['arm64-efi', 'BOOTAA64.EFI'] } as const
/** The first console is where a person looks, the last where the kernel and init write. */
const CONSOLES = { amd64: 'console=tty0 console=ttyS0,115200', arm64: 'console=tty0 console=ttyAMA0,115200' } as const

/** @throws EXPORT_NOT_BOOTABLE, PROCESS_FAILED, DISK_FULL */
export async function makeBootLoader(options: BootLoaderOptions): Promise<BootLoader> {
  const { source, coreSector } = options
  const architecture = source.platform
  if (architecture !== 'amd64' && architecture !== 'arm64')
    throw fail('EXPORT_NOT_BOOTABLE', { what: `no boot loader is put together for ${architecture} yet` })
  const kernel = findKernel(source)
  const [target, name] = EFI[architecture]
  const commandLine = commandLineOf(source) ?? CONSOLES[architecture]
  const commands = [
    `search.fs_uuid ${options.rootUuid} root`,
    `linux (\${root})/${kernel.path} root=UUID=${options.rootUuid} ${commandLine}`,
    ...(kernel.initrd === undefined ? [] : [`initrd (\${root})/${kernel.initrd}`]),
    'boot',
  ]
  const has = (directory: string) =>
    lookup(source.store, source.manifest.root.tree, `usr/lib/grub/${directory}`) !== undefined
  const make = (form: string, modules: readonly string[]) => grubImage(options, { form, modules, commands })
  const bios =
    architecture === 'amd64' && has('i386-pc/boot.img') ? await make('i386-pc', ['biosdisk', ...MODULES]) : undefined
  const efi = has(`${target}/modinfo.sh`) ? await make(target, MODULES) : undefined
  if (!bios && !efi)
    throw fail('EXPORT_NOT_BOOTABLE', {
      what: `${source.manifest.name} holds no GRUB: /usr/lib/grub has neither i386-pc nor ${target}`,
    })
  return {
    ...(bios ? { bios: { sector: bootSector(source, coreSector), core: withBlockList(bios, coreSector) } } : {}),
    ...(efi ? { efi: { name, program: efi } } : {}),
  }
}

async function grubImage(
  { source, scratch, signal }: BootLoaderOptions,
  image: { readonly form: string; readonly modules: readonly string[]; readonly commands: readonly string[] },
): Promise<Buffer> {
  const upper = join(scratch, image.form)
  mkdirSync(upper, { recursive: true })
  writeFileSync(join(upper, 'grub-commands'), `${image.commands.join('\n')}\n`)
  const lacks = (path: string) => lookup(source.store, source.manifest.root.tree, path) === undefined
  await runInSandbox(
    [
      // Fedora and its kin have the number in the name.
      lacks('usr/bin/grub-mkimage') && !lacks('usr/bin/grub2-mkimage') ? 'grub2-mkimage' : 'grub-mkimage',
      '-O',
      image.form,
      '-p',
      '/boot/grub',
      '-c',
      '/grub-commands',
      '-o',
      '/grub-image',
      ...image.modules,
    ],
    {
      root: { lower: [layOut(source.store, source.manifest)], upper, scratch: join(scratch, `${image.form}-overlay`) },
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: String(source.epoch) },
      ...(signal ? { signal } : {}),
    },
  )
  return readFileSync(join(upper, 'grub-image'))
}

/** boot.img for a hard disk, told where the core image begins (GRUB, grub-core/boot/i386/pc/boot.S: kernel_sector, boot_drive_check). */
function bootSector({ store, manifest }: ExportSource, coreSector: number): Buffer {
  const entry = lookup(store, manifest.root.tree, 'usr/lib/grub/i386-pc/boot.img')
  if (entry?.type !== 'file' || entry.size !== SECTOR)
    throw fail('EXPORT_NOT_BOOTABLE', { what: '/usr/lib/grub/i386-pc/boot.img is not one sector' })
  const sector = Buffer.from(store.read(entry.digest))
  sector.writeBigUInt64LE(BigInt(coreSector), 0x5c)
  // Some BIOSes hand over a wrong drive: without the jump it is corrected, as grub-install does for hard disks.
  sector.writeUInt16LE(0x9090, 0x66)
  return sector
}

/** The core image's first sector loads the rest of it by a list at its end (diskboot.S: a start, a length in sectors, a segment). */
function withBlockList(image: Buffer, coreSector: number): Buffer {
  const core = Buffer.alloc(Math.ceil(image.length / SECTOR) * SECTOR)
  image.copy(core)
  core.writeBigUInt64LE(BigInt(coreSector + 1), SECTOR - 12)
  core.writeUInt16LE(core.length / SECTOR - 1, SECTOR - 4)
  core.writeUInt16LE(0x820, SECTOR - 2)
  return core
}

/** A kernel and its initrd as GRUB opens them: through the links that distributions keep to the newest, else the newest of /boot. */
function findKernel({ store, manifest }: ExportSource): { readonly path: string; readonly initrd?: string } {
  const has = (path: string) => lookup(store, manifest.root.tree, path) !== undefined
  for (const [path, initrd] of [
    ['vmlinuz', 'initrd.img'],
    ['boot/vmlinuz', 'boot/initrd.img'],
    ['boot/vmlinuz-linux', 'boot/initramfs-linux.img'],
  ] as const)
    if (has(path)) return has(initrd) ? { path, initrd } : { path }
  const boot = lookup(store, manifest.root.tree, 'boot')
  const names = boot?.type === 'directory' ? store.readTree(boot.tree).entries.map((entry) => entry.name) : []
  const version = names
    .filter((name) => name.startsWith('vmlinuz-'))
    .map((name) => name.slice('vmlinuz-'.length))
    .sort(rulesOf(manifest.format).compareVersions)
    .at(-1)
  if (version === undefined)
    throw fail('EXPORT_NOT_BOOTABLE', {
      what: `${manifest.name} holds no kernel: neither /vmlinuz nor /boot/vmlinuz-*`,
    })
  const initrd = [`initrd.img-${version}`, `initramfs-${version}.img`].find((name) => names.includes(name))
  return { path: `boot/vmlinuz-${version}`, ...(initrd === undefined ? {} : { initrd: `boot/${initrd}` }) }
}

const kernelSchema = z.looseObject({
  kernel: z.looseObject({ command_line: z.union([z.string(), z.array(z.string())]).optional() }).optional(),
})

/** What the spec gives the kernel. GRUB's own words end at `;`, quotes and `$`, which no kernel parameter holds. */
function commandLineOf({ store, manifest }: ExportSource): string | undefined {
  const given = kernelSchema.safeParse(store.readJson(manifest.spec)).data?.kernel?.command_line
  if (given === undefined) return undefined
  const line = typeof given === 'string' ? given : given.join(' ')
  if (!/^[A-Za-z0-9 _.,:=/@%+-]*$/.test(line))
    throw fail('EXPORT_FAILED', {
      what: `the kernel's command line ${JSON.stringify(line)} holds characters that GRUB reads otherwise`,
    })
  // A spec that names no parameters gets the consoles.
  return line === '' ? undefined : line
}
