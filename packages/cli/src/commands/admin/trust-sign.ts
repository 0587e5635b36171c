import { resolve } from 'node:path'
import { type PreparedFile, signPrepared } from '@holotype/trust'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import { showPrepared } from '../../view/prepared.ts'

export type Flags = CommonFlags & { readonly key?: string; readonly signer?: string; readonly public?: string }

export const show = showPrepared

/** Needs no distribution: a holder's machine has none. @throws CLI_USAGE, METADATA_MALFORMED, KEY_*, SIGNER_FAILED, CHANGE_OUTDATED */
export async function run(_context: Context, flags: Flags, directory: string): Promise<readonly PreparedFile[]> {
  const { key, signer, public: publicFile } = flags
  if (key !== undefined && signer === undefined) return signPrepared(resolve(directory), { file: resolve(key) })
  if (key === undefined && signer !== undefined && publicFile !== undefined)
    return signPrepared(resolve(directory), { program: resolve(signer), publicFile: resolve(publicFile) })
  throw fail('CLI_USAGE', { what: 'either --key, or --signer and --public, say who signs' })
}
