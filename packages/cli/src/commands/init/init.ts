import { basename, resolve } from 'node:path'
import { initDistribution } from '@holotype/distribution'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'

export type Flags = CommonFlags & { readonly name?: string }

export interface Result {
  readonly name: string
  readonly directory: string
  readonly files: readonly string[]
}

/** @throws DISTRIBUTION_EXISTS, DISTRIBUTION_BAD_NAME */
export function run(_context: Context, flags: Flags, argument?: string): Promise<Result> {
  // Not the nearest distribution upwards: a new one may lie below another.
  const directory = argument ?? flags.directory ?? '.'
  const name = flags.name ?? basename(resolve(directory))
  return Promise.resolve({ name, directory, files: initDistribution(directory, name) })
}

export function show({ name, directory, files }: Result): string {
  const lines = files.map((file) => `  ${file}`)
  const enter = directory === '.' ? '' : `cd ${directory} && `
  return `The distribution ${name} is there:\n${lines.join('\n')}\n\nNext: ${enter}git init && git add -A && git commit -m "Begin"\n`
}
