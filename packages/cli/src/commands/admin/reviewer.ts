import { nearest } from '@holotype/base'
import { tokenResponseSchema } from '@holotype/server/api'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import { fail } from '../../errors.ts'
import type { CommonFlags } from '../../flags.ts'
import type { View } from '../../view/view.ts'
import { relativeTime } from '../../view/words.ts'
import { seconds } from '../../work/seconds.ts'

export type Flags = CommonFlags & { readonly validFor: string }

type Token = z.output<typeof tokenResponseSchema>

/** @throws CLI_USAGE, PERSON_UNKNOWN, TOKEN_MISSING, SERVER_UNREACHABLE and what the server answers */
export async function run(context: Context, flags: Flags, person: string): Promise<Token> {
  const { people } = await context.distribution()
  if (!people.has(person)) {
    const near = nearest(person, [...people.keys()])
    throw fail('PERSON_UNKNOWN', {
      what: `access/people.yaml has no "${person}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    })
  }
  const body = { actor: person, validFor: seconds(flags.validFor) }
  return (await context.api()).post('reviewers', body, tokenResponseSchema)
}

/** The token stands alone on its line, so that it may be piped into a file. */
export function show({ token, expires }: Token, view: View): string {
  return view.width === undefined
    ? `${token}\n`
    : `${token}\n${view.paint.dim(`good until ${expires} (${relativeTime(expires, view.now)}); HOLOTYPE_TOKEN_FILE names a file that holds it`)}\n`
}
