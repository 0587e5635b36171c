import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ConversionReport, convertPackage, formatOfFile } from '@holotype/formats'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'

export type Flags = CommonFlags & { readonly scripts: boolean; readonly output: string }

/** Converts a .deb to an rpm or an rpm to a .deb, by the names of `convert.yaml`. @throws DISTRIBUTION_*, and what `convertPackage` throws */
export async function run(context: Context, flags: Flags, file: string): Promise<ConversionReport> {
  const { convert } = await context.distribution()
  const to = formatOfFile(file) === 'deb' ? 'rpm' : 'deb'
  const directory = resolve(flags.output)
  mkdirSync(directory, { recursive: true })
  return convertPackage(file, { directory, names: convert[to], allowScripts: flags.scripts })
}

export function show(
  { path, name, version, architecture, entries, notes, scripts }: ConversionReport,
  { paint }: View,
): string {
  const became = ([before, after]: readonly [string, string]) => (before === after ? before : `${before} → ${after}`)
  const lines = [
    `converted     ${name} ${became(version)}, ${became(architecture)}`,
    `files         ${entries}`,
    `scripts       ${scripts.length === 0 ? 'none' : scripts.join(', ')}`,
    `not the same  ${notes.length === 0 ? 'nothing' : notes.length}`,
    ...notes.map(({ part, what }) => `  ${paint.dim(part.padEnd(12))}${what}`),
    `written       ${path}`,
  ]
  return `${lines.join('\n')}\n`
}
