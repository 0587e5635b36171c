import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compareText, type ErrorDetails, errnoOf, nearest, readYamlDocument, type YamlDocument } from '@holotype/base'
import { z } from 'zod'
import { advisoryId, advisorySchema, type AdvisorySpec } from './advisory-schema.ts'
import type { Distribution } from './distribution.ts'
import { fail } from './errors.ts'
import type { ImageSpec } from './image/image-schema.ts'
import { checkProfile, type ReadImage, readImageSpec, type SpecFiles } from './image/read-image.ts'
import { readTemplate } from './image/variables.ts'
import { FOLDER_ENTRIES } from './limits.ts'
import {
  type Channel,
  channelSchema,
  type ConvertNames,
  convertSchema,
  type DistributionFile,
  distributionSchema,
  type People,
  peopleSchema,
  type Recipe,
  recipeSchema,
} from './schema.ts'
import { resolveSource } from './source.ts'
import { OWN_NAME } from './upstream-schema.ts'
import { name } from './values.ts'

/**
 * Reads a whole distribution and checks it: each file by its schema, then what the files say of each other (a channel's image, names that
 * must differ, files and sources that must be there). Files are shown in errors as a path from `directory` as it is given here.
 * @throws DISTRIBUTION_NOT_FOUND, DISTRIBUTION_BAD_NAME, DISTRIBUTION_DUPLICATE, DISTRIBUTION_UNKNOWN_IMAGE, DISTRIBUTION_SOURCE_MISSING,
 * DISTRIBUTION_SOURCE_OUTSIDE, DISTRIBUTION_UNKNOWN_UPSTREAM, DISTRIBUTION_NO_GROUPS, DISTRIBUTION_ROLE_EMPTY, DISTRIBUTION_TOO_LARGE,
 * FILE_UNREADABLE, YAML_SYNTAX, YAML_SCHEMA
 */
export function loadDistribution(directory: string): Distribution {
  const reader = readerOf(directory)
  const file = readFile(reader)
  const recipes = new Map(folders(directory, 'recipes').map((recipe) => [recipe, readRecipe(reader, recipe)]))
  const read = readImages(reader, directory)
  const images = new Map([...read].map(([image, document]) => [image, checkImage(reader, document, file)]))
  const channels = new Map(
    specs(directory, 'channels').map((channel) => [channel, readChannel(reader, channel, images)]),
  )
  return {
    directory: reader.root,
    file,
    recipes,
    images,
    origins: new Map([...read].map(([image, { originOf }]) => [image, originOf])),
    channels,
    convert: readConvert(reader),
    advisories: new Map(specs(directory, 'advisories', advisoryId).map((id) => [id, readAdvisory(reader, id)])),
    people: readPeople(reader, file),
  }
}

interface Reader {
  /** Absolute, symbolic links resolved. */
  readonly root: string
  /** How a path of the distribution is shown. */
  shown(...path: string[]): string
  read<Schema extends z.ZodType>(schema: Schema, ...path: [string, ...string[]]): YamlDocument<z.output<Schema>>
}

function readerOf(directory: string): Reader {
  const shown = (...path: string[]) => join(directory, ...path)
  if (!isThere(join(directory, 'holotype.yaml')))
    throw fail('DISTRIBUTION_NOT_FOUND', { what: `there is no ${shown('holotype.yaml')}` })
  const root = realpathSync(directory)
  return {
    root,
    shown,
    // A declaration through a link that leads elsewhere is not in the repository either.
    read: (schema, ...path) =>
      readYamlDocument(resolveSource(root, '.', join(...path), shown(...path)), schema, shown(...path)),
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function readFile(reader: Reader): DistributionFile {
  const document = reader.read(distributionSchema, 'holotype.yaml')
  for (const [upstream, declared] of Object.entries(document.value.upstreams)) {
    const { advisories } = declared
    if (advisories !== undefined)
      locating(document, ['upstreams', upstream, 'advisories', 'osv'], () =>
        resolveSource(reader.root, '.', advisories.osv),
      )
    if (declared.from === 'host') continue
    for (const keyring of declared.keyrings)
      locating(document, ['upstreams', upstream, 'keyring'], () => resolveFile(reader.root, '.', keyring))
  }
  return document.value
}

function readConvert(reader: Reader): ConvertNames {
  if (!isThere(join(reader.root, 'convert.yaml'))) return convertSchema.parse({})
  return reader.read(convertSchema, 'convert.yaml').value
}

function readPeople(reader: Reader, { policy }: DistributionFile): ReadonlyMap<string, People[string]> {
  const people = isThere(join(reader.root, 'access', 'people.yaml'))
    ? reader.read(peopleSchema, 'access', 'people.yaml').value
    : {}
  for (const [role, count] of Object.entries(policy.roles)) {
    const having = Object.values(people).filter(({ roles }) => roles.includes(role)).length
    if (having >= count) continue
    throw fail('DISTRIBUTION_ROLE_EMPTY', {
      what: `policy.roles asks for ${count} from "${role}", and ${reader.shown('access', 'people.yaml')} gives that role to ${having}`,
    })
  }
  return new Map(Object.entries(people))
}

function readAdvisory(reader: Reader, id: string): AdvisorySpec {
  return reader.read(advisorySchema, 'advisories', `${id}.yaml`).value
}

function readRecipe(reader: Reader, recipe: string): Recipe {
  const document = reader.read(recipeSchema, 'recipes', recipe, 'recipe.yaml')
  const { source } = document.value
  locating(document, ['source'], () => resolveSource(reader.root, join('recipes', recipe), source))
  return document.value
}

/** Every image, each file read once. Profiles that no image has are looked at too: the whole distribution is checked. */
function readImages(reader: Reader, directory: string): Map<string, ReadImage> {
  const known = new Map<string, YamlDocument<unknown>>()
  const files: SpecFiles = {
    images: specs(directory, 'images'),
    profiles: specs(directory, 'profiles'),
    read: (folder, file) => {
      const path = `${folder}/${file}`
      const document = known.get(path) ?? reader.read(z.unknown(), folder, `${file}.yaml`)
      known.set(path, document)
      return document
    },
  }
  const images = new Map(files.images.map((image) => [image, readImageSpec(files, image)]))
  for (const profile of files.profiles) checkProfile(files.read('profiles', profile))
  return images
}

function checkImage(reader: Reader, document: ReadImage, file: DistributionFile): ImageSpec {
  const spec = document.value
  distinctNames(document, 'triggers', spec.triggers)
  checkPackages(document, file)
  for (const [path, { source, template }] of Object.entries(spec.files)) {
    if (source === undefined) continue
    locating(document, ['files', path, 'source'], () => resolveFile(reader.root, 'images', source))
    if (template)
      readTemplate(resolveSource(reader.root, 'images', source), reader.shown('images', source), spec.variables)
  }
  return spec
}

/** What an image's wishes say of upstreams and groups. */
function checkPackages(document: YamlDocument<ImageSpec>, { upstreams }: DistributionFile): void {
  const known = [...Object.keys(upstreams), OWN_NAME]
  for (const [pinned, pin] of Object.entries(document.value.pin)) {
    if (typeof pin === 'string' || pin.from === undefined || known.includes(pin.from)) continue
    const near = nearest(pin.from, known)
    const message = `pin.${pinned}.from: there is no upstream "${pin.from}"${near === undefined ? '' : `; did you mean "${near}"?`}`
    throw fail('DISTRIBUTION_UNKNOWN_UPSTREAM', document.complain(['pin', pinned, 'from'], message))
  }
  const format = Object.values(upstreams)[0]?.format
  const at = document.value.packages.findIndex((wanted) => wanted.startsWith('@'))
  if (at >= 0 && format !== undefined && format !== 'alpm') {
    const message = `packages.${at}: "${document.value.packages[at]}" is a group, and only groups of alpm repositories are read, not of ${format}`
    throw fail('DISTRIBUTION_NO_GROUPS', document.complain(['packages', at], message))
  }
}

function resolveFile(root: string, from: string, source: string): void {
  if (statSync(resolveSource(root, from, source)).isFile()) return
  throw fail('DISTRIBUTION_SOURCE_MISSING', { what: `${source}: it is no file` })
}

function readChannel(reader: Reader, channel: string, images: ReadonlyMap<string, ImageSpec>): Channel {
  const document = reader.read(channelSchema, 'channels', `${channel}.yaml`)
  const { image, waves } = document.value
  distinctNames(document, 'waves', waves)
  if (!images.has(image)) {
    const near = nearest(image, [...images.keys()])
    const message = `image: there is no image "${image}"${near === undefined ? '' : `; did you mean "${near}"?`}`
    throw fail('DISTRIBUTION_UNKNOWN_IMAGE', document.complain(['image'], message))
  }
  return document.value
}

function distinctNames(
  document: YamlDocument<unknown>,
  key: string,
  items: readonly { readonly name: string }[],
): void {
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    if (seen.has(item.name)) {
      const message = `${key}.${index}.name: "${item.name}" stands here twice`
      throw fail('DISTRIBUTION_DUPLICATE', document.complain([key, index, 'name'], message))
    }
    seen.add(item.name)
  }
}

/** Does the work; an error about what a spec names gets the place in the spec. */
function locating(document: YamlDocument<unknown>, path: readonly PropertyKey[], work: () => void): void {
  const details = (cause: Error): ErrorDetails => ({ ...document.complain(path, cause.message), cause })
  try {
    work()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const code = errnoOf(error)
    if (code === 'DISTRIBUTION_SOURCE_MISSING' || code === 'DISTRIBUTION_SOURCE_OUTSIDE')
      throw fail(code, details(error))
    throw error
  }
}

/** The names of the folders of a folder. */
function folders(directory: string, folder: string): string[] {
  const found = entriesOf(directory, folder).filter((entry) => !entry.isFile())
  return checked(
    { directory, folder, allowed: name },
    found.map((entry) => entry.name),
  )
}

/** The names of the YAML files directly in a folder, without their ending. */
function specs(directory: string, folder: string, allowed = name): string[] {
  const files = entriesOf(directory, folder).filter((entry) => !entry.isDirectory())
  for (const { name: file } of files) {
    if (!file.endsWith('.yml')) continue
    throw fail('DISTRIBUTION_BAD_NAME', {
      what: `${join(directory, folder, file)} would not be read: the ending here is .yaml`,
      hint: 'rename it; a file that an image only holds belongs into a sub-folder',
    })
  }
  const found = files
    .filter((entry) => entry.name.endsWith('.yaml'))
    .map((entry) => entry.name.slice(0, -'.yaml'.length))
  return checked({ directory, folder, allowed }, found)
}

interface Names {
  readonly directory: string
  readonly folder: string
  readonly allowed: typeof name
}

function checked({ directory, folder, allowed }: Names, names: readonly string[]): string[] {
  for (const one of names) {
    if (!allowed.safeParse(one).success)
      throw fail('DISTRIBUTION_BAD_NAME', { what: `${join(directory, folder)}: "${one}" is not a name` })
  }
  return names.toSorted(compareText)
}

function entriesOf(directory: string, folder: string): Dirent[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(join(directory, folder), { withFileTypes: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
  if (entries.length > FOLDER_ENTRIES)
    throw fail('DISTRIBUTION_TOO_LARGE', { what: `${join(directory, folder)} has more than ${FOLDER_ENTRIES} entries` })
  return entries.filter((entry) => !entry.name.startsWith('.'))
}
