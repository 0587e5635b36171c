import { fail } from '../errors.ts'
import type { PackageToWrite } from '../types.ts'
import type { PlistDictionary, PlistValue } from './plist.ts'
import type { Complain } from './plist-scanner.ts'
import { LIST_PROPERTIES, NUMBER_PROPERTIES, type RecordProperties, TEXT_PROPERTIES } from './record.ts'
import { splitPkgver } from './pkgver.ts'

/*
 * props.plist and the fields of a package: a text is a field, a list as many fields of its name, `preserve` is `true` or `false`, and an
 * alternative is written as xbps-create(1) takes it, `group:symlink:target`.
 */

/** The lists that xbps-create(1) writes. */
const LISTS = new Set([
  'run_depends',
  'conf_files',
  'conflicts',
  'provides',
  'replaces',
  'reverts',
  'shlib-provides',
  'shlib-requires',
])
/** Metadata that lies beside the fields: a message's file in the build's directory, and its property. */
export const MESSAGES = [
  ['INSTALL.msg', 'install-msg'],
  ['REMOVE.msg', 'remove-msg'],
] as const
const MESSAGE_PROPERTIES = new Set<string>(MESSAGES.map(([, property]) => property))

/** The fields of a package, in the order of its props.plist. What is neither text, number nor list (nothing xbps-create writes) is left out. */
export function fieldsOf(props: PlistDictionary): (readonly [name: string, value: string])[] {
  return [...props].flatMap(([name, value]) => {
    if (name === 'alternatives' && value instanceof Map) return alternativeFields(value)
    const values = Array.isArray(value) ? value : [value]
    return values.flatMap((value) => {
      const text = fieldText(value)
      return text === undefined ? [] : [[name, text] as const]
    })
  })
}

function fieldText(value: PlistValue): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

function alternativeFields(groups: PlistDictionary): (readonly [string, string])[] {
  return [...groups].flatMap(([group, links]) =>
    Array.isArray(links)
      ? links.flatMap((link) => (typeof link === 'string' ? [['alternatives', `${group}:${link}`] as const] : []))
      : [],
  )
}

/**
 * The properties of a package to write. pkgname and version follow from pkgver; `installed_size`, of its files, is always counted anew.
 * @throws PACKAGE_UNWRITABLE
 */
export function propsOf(
  { fields, control }: Pick<PackageToWrite, 'fields' | 'control'>,
  installedSize: number,
): PlistDictionary {
  const props = new Map<string, PlistValue>()
  const lists = new Map<string, string[]>()
  const groups = new Map<string, string[]>()
  const append = (map: Map<string, string[]>, key: string, value: string) => {
    const known = map.get(key)
    if (known) known.push(value)
    else map.set(key, [value])
  }
  for (const [name, value] of fields) {
    if (name === '' || name.includes('\0') || value.includes('\0') || MESSAGE_PROPERTIES.has(name))
      throw unwritable(`"${name}" is no field of a package: a message is a control file`)
    // xbps-create refuses it, and everyone else would pass over it.
    if (name === 'provides' && !splitPkgver(value)) throw unwritable(`it provides "${value}", which is no pkgver`)
    if (LISTS.has(name)) append(lists, name, value)
    else if (name === 'alternatives') {
      const colon = value.indexOf(':')
      if (colon <= 0) throw unwritable(`the alternative "${value}" is not group:symlink:target`)
      append(groups, value.slice(0, colon), value.slice(colon + 1))
    } else if (props.has(name)) throw unwritable(`the field ${name} is given twice`)
    else if (name === 'preserve') props.set(name, booleanOf(value))
    else props.set(name, value)
  }
  for (const [name, values] of lists) props.set(name, values)
  if (groups.size > 0) props.set('alternatives', groups)
  for (const [file, property] of MESSAGES) {
    const message = control.get(file)
    if (message) props.set(property, Buffer.from(message.bytes))
  }
  const { name, version } = required(props)
  props.set('pkgname', name).set('version', version).set('installed_size', installedSize)
  return props
}

function required(props: PlistDictionary): { readonly name: string; readonly version: string } {
  const pkgver = props.get('pkgver')
  const split = typeof pkgver === 'string' ? splitPkgver(pkgver) : undefined
  if (!split) throw unwritable(`the pkgver ${JSON.stringify(pkgver ?? '')} is not such as foo-1.0_1`)
  for (const [name, expected] of [
    ['pkgname', split.name],
    ['version', split.version],
  ] as const)
    if ((props.get(name) ?? expected) !== expected)
      throw unwritable(`the ${name} is not that of ${split.name}-${split.version}`)
  const description = props.get('short_desc')
  if (typeof description !== 'string' || description === '') throw unwritable('it has no short_desc')
  return split
}

/** What a record needs of a package's properties. @throws what `complain` makes */
export function recordProperties(props: PlistDictionary, complain: Complain): RecordProperties {
  const properties: RecordProperties = {}
  for (const name of TEXT_PROPERTIES) {
    const value = props.get(name)
    if (value === undefined) continue
    if (typeof value !== 'string') throw complain(`props.plist: ${name} is no string`)
    properties[name] = value
  }
  for (const name of NUMBER_PROPERTIES) {
    const value = props.get(name)
    if (value === undefined) continue
    if (typeof value !== 'number' || value < 0) throw complain(`props.plist: ${name} is no size in bytes`)
    properties[name] = value
  }
  for (const name of LIST_PROPERTIES) {
    const value = props.get(name)
    if (value === undefined) continue
    properties[name] = stringsOf(value, () => complain(`props.plist: ${name} is no array of strings`))
  }
  return properties
}

/** @throws what `wrong` makes */
export function stringsOf(value: PlistValue, wrong: () => Error): string[] {
  if (!Array.isArray(value)) throw wrong()
  return value.map((item) => {
    if (typeof item !== 'string') throw wrong()
    return item
  })
}

function booleanOf(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw unwritable(`preserve is "${value}", neither true nor false`)
  return value === 'true'
}

function unwritable(what: string): Error {
  return fail('PACKAGE_UNWRITABLE', { what })
}
