import { checkValue, nearest, type Place, type YamlDocument } from '@holotype/base'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { SPEC_FILES } from '../limits.ts'
import { name } from '../values.ts'
import { type ImageSpec, imageSchema } from './image-schema.ts'
import { isTable, merge, type Merged, mergeable, originOf, placeIn, plain, remove } from './merge.ts'
import { variableName, variableSchema } from './system-schema.ts'
import { substitute, type Variables } from './variables.ts'

/** The files that images are put together from, read when they are asked for. */
export interface SpecFiles {
  readonly images: readonly string[]
  readonly profiles: readonly string[]
  read(folder: 'images' | 'profiles', name: string): YamlDocument<unknown>
}

/** An image's spec, with where each of its values comes from. */
export interface ReadImage extends YamlDocument<ImageSpec> {
  /** Where the value at a path of the spec stands; undefined where nobody says anything and the default holds. */
  originOf(path: readonly PropertyKey[]): Place | undefined
}

/** What decides which files an image is put together from. */
const headSchema = z.looseObject({
  base: name.optional(),
  layers: z.array(name).optional(),
  profiles: z.array(name).optional(),
  remove: z.record(z.string(), z.unknown()).optional(),
  variables: z.record(variableName, variableSchema).optional(),
})

/** A profile may say whatever an image may, but not what it starts from. */
const profileHeadSchema = z.strictObject({
  ...Object.fromEntries(Object.keys(imageSchema.shape).map((key) => [key, z.unknown().optional()])),
  ...headSchema.shape,
  base: z.never('a profile has no base: that is for the image to say').optional(),
  layers: z.never('a profile has no layers: that is for the image to say').optional(),
  profiles: z.never('a profile has no profiles: that is for the image to say').optional(),
})

type Head = z.output<typeof headSchema>

interface Part {
  readonly document: YamlDocument<unknown>
  readonly head: Head
}

/** Keys that say how an image is put together, and are no part of the result. */
const COMPOSING = ['base', 'layers', 'profiles', 'remove'] as const

/**
 * The spec of an image: its base, its layers and its profiles, each file once, then its own; variables in their places. What stands in two files
 * is as the later says, and every error has the place of what is wrong.
 * @throws YAML_SCHEMA, DISTRIBUTION_UNKNOWN_IMAGE, DISTRIBUTION_UNKNOWN_PROFILE, DISTRIBUTION_UNKNOWN_VARIABLE, DISTRIBUTION_CYCLE,
 * DISTRIBUTION_NOTHING_TO_REMOVE, DISTRIBUTION_TOO_LARGE, and what reading throws
 */
export function readImageSpec(files: SpecFiles, image: string): ReadImage {
  const parts = partsOf(files, image)
  const own = parts.at(-1)?.document ?? files.read('images', image)
  const variables: Variables = Object.assign({}, ...parts.map(({ head }) => head.variables ?? {}))
  let merged: Merged = { kind: 'table', document: own, path: [], entries: new Map() }
  for (const { document, head } of parts) {
    if (head.remove) merged = remove(merged, head.remove, { document, path: ['remove'] })
    merged = merge(merged, contentOf(document, variables, document === own))
  }
  const complain: ReadImage['complain'] = (path, message, part) => {
    const origin = originOf(merged, path)
    return origin.document.complain(origin.path, renamed(message, path, origin.path), part)
  }
  const value = checkValue(imageSchema, { file: own.placeOf([]).file, value: plain(merged), complain })
  const { base: _base, layers: _layers, profiles: _profiles, remove: _remove, ...spec } = value
  return {
    value: spec,
    complain,
    placeOf: (path, part) => {
      const origin = originOf(merged, path)
      return origin.document.placeOf(origin.path, part)
    },
    originOf: (path) => placeIn(merged, path),
  }
}

/** A profile that no image has: its keys are checked, its values may wait for an image's variables. @throws YAML_SCHEMA */
export function checkProfile(document: YamlDocument<unknown>): void {
  headOf(document, 'profiles')
}

/** The files of an image in the order in which they are laid over each other, its own last. */
function partsOf(files: SpecFiles, image: string): Part[] {
  const parts = new Map<string, Part>()
  const open: string[] = []
  const add = (folder: 'images' | 'profiles', file: string, complain: (message: string) => Error): void => {
    const key = `${folder}/${file}`
    if (open.includes(key)) throw complain([...open.slice(open.indexOf(key)), key].join(' starts from '))
    if (parts.has(key)) return
    if (parts.size + open.length >= SPEC_FILES)
      throw fail('DISTRIBUTION_TOO_LARGE', {
        what: `${key}: an image is put together from at most ${SPEC_FILES} files`,
      })
    const document = files.read(folder, file)
    const head = headOf(document, folder)
    open.push(key)
    const refer = (path: readonly PropertyKey[], to: 'images' | 'profiles', wanted: string) => {
      if (!files[to].includes(wanted)) throw unknown(document, path, { to, wanted, known: files[to] })
      add(to, wanted, (message) => fail('DISTRIBUTION_CYCLE', document.complain(path, message)))
    }
    if (head.base !== undefined) refer(['base'], 'images', head.base)
    for (const [index, layer] of (head.layers ?? []).entries()) refer(['layers', index], 'images', layer)
    for (const [index, profile] of (head.profiles ?? []).entries()) refer(['profiles', index], 'profiles', profile)
    open.pop()
    parts.set(key, { document, head })
  }
  add('images', image, (message) => fail('DISTRIBUTION_CYCLE', { what: message }))
  return [...parts.values()]
}

function headOf(document: YamlDocument<unknown>, folder: 'images' | 'profiles'): Head {
  const { complain, value } = document
  const unchecked = { file: document.placeOf([]).file, value, complain }
  return checkValue(folder === 'profiles' ? profileHeadSchema : headSchema, unchecked)
}

interface Unknown {
  readonly to: 'images' | 'profiles'
  readonly wanted: string
  readonly known: readonly string[]
}

function unknown(document: YamlDocument<unknown>, path: readonly PropertyKey[], { to, wanted, known }: Unknown): Error {
  const near = nearest(wanted, known)
  const [code, kind] =
    to === 'images'
      ? (['DISTRIBUTION_UNKNOWN_IMAGE', 'image'] as const)
      : (['DISTRIBUTION_UNKNOWN_PROFILE', 'profile'] as const)
  const message = `there is no ${kind} "${wanted}"${near === undefined ? '' : `; did you mean "${near}"?`}`
  return fail(code, document.complain(path, message))
}

/** A file's own keys with variables in their places. What an image is for is not inherited. */
function contentOf(document: YamlDocument<unknown>, variables: Variables, own: boolean): Merged {
  const value = isTable(document.value) ? document.value : {}
  const content = Object.fromEntries(
    Object.entries(value).filter(([key]) => !isComposing(key) && (own || key !== 'description')),
  )
  return mergeable(content, { document, path: [] }, (leaf, { path }) =>
    path[0] === 'variables' ? leaf : filled(leaf, path, { document, variables }),
  )
}

interface Filling {
  readonly document: YamlDocument<unknown>
  readonly variables: Variables
}

function filled(value: unknown, path: readonly PropertyKey[], filling: Filling): unknown {
  const { document, variables } = filling
  if (typeof value === 'string')
    return substitute(value, variables, ({ message }) => {
      throw fail('DISTRIBUTION_UNKNOWN_VARIABLE', document.complain(path, message))
    })
  if (Array.isArray(value)) return value.map((item: unknown, index) => filled(item, [...path, index], filling))
  if (!isTable(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, [...path, key], filling)]))
}

function isComposing(key: string): boolean {
  return COMPOSING.some((one) => one === key)
}

/** A message begins with the path of what it is about: here it is the path in the file. */
function renamed(message: string, path: readonly PropertyKey[], origin: readonly PropertyKey[]): string {
  const dotted = path.map(String).join('.')
  return message.startsWith(`${dotted}: `) ? `${origin.map(String).join('.')}${message.slice(dotted.length)}` : message
}
