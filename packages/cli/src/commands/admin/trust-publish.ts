import { resolve } from 'node:path'
import { publishPrepared } from '@holotype/trust'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'

export const exclusive = true

/** @throws METADATA_UNSIGNED (too few signatures), CHANGE_OUTDATED, METADATA_*, KEY_MISSING, SIGNER_FAILED, TRUST_BUSY */
export async function run(
  context: Context,
  _flags: CommonFlags,
  directory: string,
): Promise<{ readonly rootVersion: number }> {
  const options = { site: context.home.site, keyring: await context.keyring(), now: context.now() }
  const { version } = await publishPrepared(options, resolve(directory))
  return { rootVersion: version }
}

export function show({ rootVersion }: { readonly rootVersion: number }): string {
  return `published: root version ${rootVersion}\n`
}
