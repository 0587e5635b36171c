import { readFileSync, statSync } from 'node:fs'
import { locate, nearest } from '@holotype/base'
import { fail } from '../errors.ts'
import { TEMPLATE_BYTES } from '../limits.ts'

/** What `${NAME}` stands for. */
export type Variables = Readonly<Record<string, string | number | boolean>>

/** `${name}`, and `$${name}`, which is the text `${name}`. Anything else with a dollar (`${HOME}`, `$1`) is text of its own. */
const REFERENCE = /\$?\$\{([a-z][a-z0-9_]{0,62})\}/g
const ALONE = /^\$\{([a-z][a-z0-9_]{0,62})\}$/

/** A name that no variable has, and where in the text it stands. */
export interface UnknownVariable {
  readonly name: string
  readonly offset: number
  readonly message: string
}

/** Puts variables in their places. What is one reference and nothing else is the variable itself, also a number. */
export function substitute(
  text: string,
  variables: Variables,
  unknown: (variable: UnknownVariable) => never,
): string | number | boolean {
  const valueOf = (name: string, offset: number) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (value !== undefined) return value
    const near = nearest(name, Object.keys(variables))
    const suggestion = near === undefined ? '' : `; did you mean "${near}"?`
    return unknown({ name, offset, message: `there is no variable "${name}"${suggestion}` })
  }
  const alone = ALONE.exec(text)?.[1]
  if (alone !== undefined) return valueOf(alone, 0)
  return text.replaceAll(REFERENCE, (reference: string, name: string, offset: number) =>
    reference.startsWith('$$') ? reference.slice(1) : String(valueOf(name, offset)),
  )
}

/**
 * A file of the distribution with variables in their places.
 * @throws DISTRIBUTION_UNKNOWN_VARIABLE with file:line:column, DISTRIBUTION_TOO_LARGE
 */
export function readTemplate(path: string, shownAs: string, variables: Variables): string {
  if (statSync(path).size > TEMPLATE_BYTES)
    throw fail('DISTRIBUTION_TOO_LARGE', { what: `${shownAs} is a template of more than ${TEMPLATE_BYTES} bytes` })
  const text = readFileSync(path, 'utf8')
  const filled = substitute(text, variables, ({ offset, message }) => {
    const before = text.slice(0, offset).split('\n')
    const at = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
    throw fail('DISTRIBUTION_UNKNOWN_VARIABLE', { what: locate({ file: shownAs, text }, at, message) })
  })
  return String(filled)
}
