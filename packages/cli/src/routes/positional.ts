import { text } from '../flags.ts'

/** One argument that must be there. */
export function one(placeholder: string, brief: string) {
  return { kind: 'tuple', parameters: [{ brief, parse: text, placeholder }] } as const
}

/** Two arguments that must be there. */
export function two(
  first: readonly [placeholder: string, brief: string],
  second: readonly [placeholder: string, brief: string],
) {
  return {
    kind: 'tuple',
    parameters: [
      { brief: first[1], parse: text, placeholder: first[0] },
      { brief: second[1], parse: text, placeholder: second[0] },
    ],
  } as const
}

/** One argument that may be there. */
export function maybe(placeholder: string, brief: string) {
  return { kind: 'tuple', parameters: [{ brief, parse: text, placeholder, optional: true }] } as const
}

/** Any number of arguments. */
export function any(placeholder: string, brief: string) {
  return { kind: 'array', parameter: { brief, parse: text, placeholder } } as const
}
