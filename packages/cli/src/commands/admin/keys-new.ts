import { resolve } from 'node:path'
import { renderPairs } from '@holotype/base'
import { createHolderKey } from '@holotype/trust'
import type { Context } from '../../context.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'

interface Made {
  readonly keyId: string
  readonly private: string
  readonly public: string
}

/** Needs no distribution: a holder's machine has none. @throws KEY_EXISTS, DISK_FULL */
export async function run(_context: Context, _flags: CommonFlags, file: string): Promise<Made> {
  const path = resolve(file)
  const { keyId } = await createHolderKey(path)
  return { keyId, private: path, public: `${path}.pub` }
}

export function show(made: Made, { paint }: View): string {
  return renderPairs(
    [
      ['key', made.keyId],
      ['private', `${made.private} (it is not encrypted: keep it where nobody else reads)`],
      ['public', made.public],
    ],
    paint,
  )
}
