import type { z } from 'zod'

/**
 * The keys that a schema's object at a path knows: what an unknown key may have been meant to be. zod's issues do not carry the object's
 * shape, so this walks the schema's own description (`_zod.def`) along the path, through every wrapper. Where a union offers several
 * objects, those come first that the value's literal members (`kind: deb`) do not rule out.
 */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let reached: Reached[] = unwrap(schema, value)
  for (const step of path) reached = reached.flatMap((from) => into(from, step))
  return [...new Set(reached.flatMap(({ schema: at }) => (isObject(at) ? Object.keys(at._zod.def.shape) : [])))]
}

interface Reached {
  readonly schema: z.core.$ZodType
  readonly value: unknown
}

/** Schemas may be recursive (`lazy`): no path needs more wrappers than this between two steps. */
const WRAPPERS = 64

function into(from: Reached, step: PropertyKey): Reached[] {
  const value = memberOf(from.value, step)
  const definition = definitionOf(from.schema)
  switch (definition.type) {
    case 'object': {
      const member = Object.hasOwn(definition.shape, step) ? definition.shape[String(step)] : definition.catchall
      return member ? unwrap(member, value) : []
    }
    case 'record':
    case 'map':
      return unwrap(definition.valueType, value)
    case 'array':
      return unwrap(definition.element, value)
    case 'tuple': {
      const member = definition.items[Number(step)] ?? definition.rest
      return member ? unwrap(member, value) : []
    }
    default:
      return []
  }
}

/** The schemas behind wrappers: every branch of a union, both sides of an intersection. */
function unwrap(schema: z.core.$ZodType, value: unknown, depth = 0): Reached[] {
  if (depth > WRAPPERS) return []
  const again = (inner: z.core.$ZodType) => unwrap(inner, value, depth + 1)
  const definition = definitionOf(schema)
  switch (definition.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'catch':
    case 'readonly':
      return again(definition.innerType)
    case 'pipe':
      return again(definition.in)
    case 'lazy':
      return again(definition.getter())
    case 'intersection':
      return [...again(definition.left), ...again(definition.right)]
    case 'union': {
      const branches = definition.options.flatMap(again)
      const possible = branches.filter((branch) => !ruledOut(branch))
      return possible.length > 0 ? possible : branches
    }
    default:
      return [{ schema, value }]
  }
}

/** True if a literal member of the object has another value than the schema's: this branch of the union was not meant. */
function ruledOut({ schema, value }: Reached): boolean {
  if (!isObject(schema)) return typeof value === 'object' && value !== null
  return Object.entries(schema._zod.def.shape).some(([key, member]) => {
    const definition = definitionOf(member)
    const actual = memberOf(value, key)
    return definition.type === 'literal' && actual !== undefined && !definition.values.some((one) => one === actual)
  })
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

function isObject(schema: z.core.$ZodType): schema is z.core.$ZodObject {
  return schema._zod.def.type === 'object'
}

type Definition = z.core.$ZodTypes['_zod']['def']

function definitionOf(schema: z.core.$ZodType): Definition {
  return narrow(schema)._zod.def
}

/** zod types what it hands out by the base of its classes; each is one of `$ZodTypes`, told apart by `def.type`. */
function narrow(schema: z.core.$ZodType): z.core.$ZodTypes {
  if (isAnySchema(schema)) return schema
  throw new TypeError('not a zod schema')
}

function isAnySchema(schema: z.core.$ZodType): schema is z.core.$ZodTypes {
  return typeof schema._zod.def.type === 'string'
}
