import { resolve } from 'node:path'
import { describePrepared, type PreparedFile } from '@holotype/trust'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import { showPrepared } from '../../view/prepared.ts'

export const show = showPrepared

/** Needs no distribution. @throws METADATA_MALFORMED, CHANGE_OUTDATED */
export async function run(_context: Context, _flags: CommonFlags, directory: string): Promise<readonly PreparedFile[]> {
  return describePrepared(resolve(directory))
}
