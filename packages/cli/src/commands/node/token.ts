import { tokenResponseSchema } from '@holotype/server/api'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { relativeTime } from '../../view/words.ts'
import { seconds } from '../../work/seconds.ts'

export type Flags = CommonFlags & {
  readonly channel: string
  readonly label?: readonly string[]
  readonly validFor: string
}

type Token = z.output<typeof tokenResponseSchema>

/** @throws CLI_USAGE, TOKEN_MISSING, SERVER_UNREACHABLE and what the server answers */
export async function run(context: Context, flags: Flags, name: string): Promise<Token> {
  const body = {
    name,
    channel: flags.channel,
    labels: parseLabels(flags.label ?? []),
    validFor: seconds(flags.validFor),
  }
  return (await context.api()).post('tokens', body, tokenResponseSchema)
}

/** The token stands alone on its line, so that it may be piped on; when it expires is said by the help and `--json`. */
export function show({ token, expires }: Token, view: View): string {
  // To a person; a pipe gets the bare token.
  return view.width === undefined
    ? `${token}\n`
    : `${token}\n${view.paint.dim(`good once, until ${expires} (${relativeTime(expires, view.now)})`)}\n`
}

function parseLabels(labels: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    labels.map((label) => {
      const [, key, value] = /^([a-z0-9][a-z0-9_.-]*)=([A-Za-z0-9_.-]+)$/.exec(label) ?? []
      if (key === undefined || value === undefined)
        throw fail('CLI_USAGE', { what: `"${label}" is not a label`, hint: 'a label looks like role=web' })
      return [key, value]
    }),
  )
}
