import { join, resolve } from 'node:path'
import { agentProgram } from '@holotype/agent'
import { type Digest, renderTable, shortDigest } from '@holotype/base'
import {
  bootCheck,
  bootChecksOf,
  type BootVerdict,
  exportedDisk,
  type Firmware,
  platformOf,
  readManifest,
  type Upgrade,
} from '@holotype/image'
import type { Store } from '@holotype/store'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { imageNames } from '../../work/images.ts'
import { resolveName } from '../../work/names.ts'

export type Flags = CommonFlags & {
  readonly out?: string
  readonly firmware?: readonly Firmware[]
  readonly upgradeFrom?: string
}

type Checked = BootVerdict & { readonly file: string }

/** @throws IMAGE_BOOT_CHECK (a check failed: the verdict is written all the same), EXPORT_*, BOOT_FAILED, KEY_MISSING, NAME_UNKNOWN */
export async function run(context: Context, flags: Flags, name: string): Promise<Checked> {
  const store = await context.store()
  const names = imageNames(await context.distribution())
  const digestOf = (text: string) => resolveName(store, 'images', { text, names })
  const image = digestOf(name)
  const manifest = readManifest(store, image)
  const key = (await context.keyring()).exportsKey()
  const out = flags.out === undefined ? context.home.exports : resolve(flags.out)
  const publicKey = key.publicKey()
  const disk = await exportedDisk({ out, image, manifest, publicKey })
  const before = flags.upgradeFrom === undefined ? undefined : digestOf(flags.upgradeFrom)
  const upgrade = before && (await upgradeFrom(store, before, { out, publicKey }))
  const directory = join(out, manifest.name, 'boot-checks', image.replace(':', '-'))
  const verdict = await bootCheck({
    image,
    architecture: platformOf(manifest.architecture),
    disk,
    checks: bootChecksOf(store, manifest),
    ...(flags.firmware && flags.firmware.length > 0 ? { firmware: flags.firmware } : {}),
    ...(upgrade ? { upgrade } : {}),
    directory,
    key,
    progress: context.progress,
    signal: context.signal,
  })
  const file = join(directory, 'boot-check.json')
  const failed = verdict.boots.flatMap(({ boot, firmware, checks }) =>
    checks
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ check, detail }) => `${firmware}, ${boot}: ${check}: ${detail}`),
  )
  if (verdict.verdict === 'failed')
    throw fail('IMAGE_BOOT_CHECK', {
      what: `${name} (${shortDigest(image)}) did not pass:\n${failed.join('\n')}`,
      data: { verdict, file },
    })
  return { ...verdict, file }
}

/** The image before, whose node is to be upgraded: its own disk, its own demands. */
async function upgradeFrom(
  store: Store,
  image: Digest,
  exported: { readonly out: string; readonly publicKey: string },
): Promise<Upgrade> {
  const manifest = readManifest(store, image)
  const disk = await exportedDisk({ ...exported, image, manifest })
  const agent = { file: agentProgram, node: process.execPath }
  return { store, agent, image, disk, checks: bootChecksOf(store, manifest) }
}

export function show({ boots, file }: Checked, { paint }: View): string {
  const columns = [
    { title: 'FIRMWARE' },
    { title: 'BOOT' },
    { title: 'CHECK' },
    { title: 'OUTCOME' },
    { title: 'SEEN' },
  ] as const
  const rows = boots.flatMap(({ firmware, boot, checks }) =>
    checks.map(({ check, outcome, detail }) => [firmware, boot, check, outcome, detail.split('\n')[0] ?? '']),
  )
  return `${renderTable(columns, rows, { paint })}\nverdict  ${file}\n`
}
