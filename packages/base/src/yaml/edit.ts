import { isDeepStrictEqual } from 'node:util'
import type { Document, Node, Pair, YAMLMap } from 'yaml'
import { fail } from '../codes.ts'
import { yamlLibrary } from './library.ts'
import type { YamlSource } from './locate.ts'
import { parseSource, plainValue } from './yaml.ts'

/** What becomes of one key of a YAML file: texts that come to its list, where they are not there yet, or the value it has from now on. */
export type YamlChange =
  | { readonly path: readonly string[]; readonly add: readonly string[] }
  | { readonly path: readonly string[]; readonly set: boolean | readonly string[] }

/**
 * The text of a YAML file after changes. Every other byte stays as it is, comments, order and blanks with it: what comes is put beside what is
 * there, in its style. The result is read again, and means what it should, or nothing is given.
 * @throws YAML_SYNTAX, YAML_SCHEMA (the text has a form, such as an alias, that cannot be changed so)
 */
export function editYaml(source: YamlSource, changes: readonly YamlChange[]): string {
  return changes.reduce((text, change) => editOnce({ ...source, text }, change), source.text)
}

function editOnce(source: YamlSource, change: YamlChange): string {
  const { document } = parseSource(source)
  const old = plainValue(source, document)
  const value = valueAfter(old, change)
  if (value === undefined) return source.text
  const wanted = withValue(old, change.path, value)
  const text = edited(source.text, document, change, value)
  if (text !== undefined && isDeepStrictEqual(valueOf({ ...source, text }), wanted)) return text
  throw fail('YAML_SCHEMA', {
    what: `${source.file}: ${change.path.join('.')} cannot be changed without changing more: write it by hand: ${JSON.stringify(value)}`,
  })
}

function valueOf(source: YamlSource): unknown {
  return plainValue(source, parseSource(source).document)
}

type Value = boolean | readonly string[]

/** What the key has afterwards; undefined where it has that already. */
function valueAfter(root: unknown, change: YamlChange): Value | undefined {
  const there = change.path.reduce(memberOf, root)
  if ('set' in change) return isDeepStrictEqual(there, change.set) ? undefined : change.set
  const list: readonly unknown[] = Array.isArray(there) ? there : []
  const more = [...new Set(change.add)].filter((item) => !list.includes(item))
  return more.length === 0 ? undefined : [...list.map(String), ...more]
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined
}

function withValue(root: unknown, [key, ...rest]: readonly string[], value: Value): unknown {
  if (key === undefined) return value
  const members = typeof root === 'object' && root !== null ? Object.entries(root) : []
  return { ...Object.fromEntries(members), [key]: withValue(memberOf(root, key), rest, value) }
}

/** The text with the change in its place; undefined where it has no place that is known how to be written to. */
function edited(text: string, document: Document.Parsed, change: YamlChange, value: Value): string | undefined {
  const { isMap, isSeq } = yamlLibrary()
  let map: YAMLMap | undefined = isMap(document.contents) ? document.contents : undefined
  if (document.contents !== null && !map) return undefined
  for (const [index, key] of change.path.entries()) {
    const pair = map?.items.find((item) => String(item.key) === key)
    const rest = change.path.slice(index + 1)
    if (!pair) return withPair(text, map, { key, rest, value })
    if (
      rest.length === 0 &&
      'add' in change &&
      isSeq(pair.value) &&
      pair.value.items.length > 0 &&
      Array.isArray(value)
    )
      return withItems(text, pair.value, value.slice(pair.value.items.length))
    if (rest.length > 0 && isMap(pair.value)) map = pair.value
    else return withoutOld(text, pair, rest, value)
  }
  return undefined
}

/** A key that has nothing, or one value, gets another. */
function withoutOld(text: string, pair: Pair, rest: readonly string[], value: Value): string | undefined {
  const range = rangeOf(pair.value)
  if (!range) return undefined
  const written = flow([...rest].reduceRight((inner: Nested, key) => ({ [key]: inner }), value))
  const gap = /[\s]$/.test(text.slice(0, range.start)) ? '' : ' '
  return `${text.slice(0, range.start)}${gap}${written}${text.slice(range.end)}`
}

type Nested = Value | { readonly [key: string]: Nested }

function withItems(
  text: string,
  list: Node & { readonly items: readonly unknown[]; flow?: boolean | undefined },
  more: readonly string[],
) {
  const last = rangeOf(list.items.at(-1))
  const whole = rangeOf(list)
  if (!last || !whole) return undefined
  if (list.flow) return inserted(text, last.end, more.map((item) => `, ${plain(item)}`).join(''))
  const indent = ' '.repeat(columnOf(text, whole.start))
  return withLines(
    text,
    last.end,
    more.map((item) => `${indent}- ${plain(item)}`),
  )
}

interface NewPair {
  readonly key: string
  readonly rest: readonly string[]
  readonly value: Value
}

function withPair(text: string, map: YAMLMap | undefined, { key, rest, value }: NewPair): string | undefined {
  const nested = [...rest].reduceRight((inner: Nested, each) => ({ [each]: inner }), value)
  const first = rangeOf(map?.items[0]?.key)
  const lastPair = map?.items.at(-1)
  const last = rangeOf(lastPair?.value) ?? rangeOf(lastPair?.key)
  if (map?.flow) {
    const whole = rangeOf(map)
    if (!last) return whole && inserted(text, whole.start + 1, ` ${key}: ${flow(nested)} `)
    return inserted(text, last.end, `, ${key}: ${flow(nested)}`)
  }
  const lines = block(key, nested, ' '.repeat(first ? columnOf(text, first.start) : 0))
  return withLines(text, last?.end ?? text.length, lines)
}

/** Whole lines after the line in which a value ends. */
function withLines(text: string, end: number, lines: readonly string[]): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  // The end of a value that takes lines of its own is the beginning of the next line.
  const from = end > 0 && text[end - 1] === '\n' ? end - 1 : end
  const at = text.indexOf('\n', from)
  const place = at < 0 ? text.length : at + 1
  const before = place === 0 || text[place - 1] === '\n' ? '' : newline
  return inserted(text, place, before + lines.map((line) => line + newline).join(''))
}

function block(key: string, value: Nested, indent: string): string[] {
  if (typeof value === 'boolean') return [`${indent}${key}: ${value}`]
  if (isList(value)) {
    if (value.length === 0) return [`${indent}${key}: []`]
    return [`${indent}${key}:`, ...value.map((item) => `${indent}  - ${plain(item)}`)]
  }
  return [`${indent}${key}:`, ...Object.entries(value).flatMap(([name, inner]) => block(name, inner, `${indent}  `))]
}

function flow(value: Nested): string {
  if (typeof value === 'boolean') return String(value)
  if (isList(value)) return `[${value.map(plain).join(', ')}]`
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${flow(inner)}`)
    .join(', ')} }`
}

function isList(value: Nested): value is readonly string[] {
  return Array.isArray(value)
}

/** A text as it stands in YAML: quoted where it would mean something else. */
function plain(text: string): string {
  return /^[A-Za-z/][\w./+-]*$/.test(text) && yamlLibrary().parse(text) === text ? text : JSON.stringify(text)
}

function inserted(text: string, at: number, more: string): string {
  return text.slice(0, at) + more + text.slice(at)
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1)
}

function rangeOf(node: unknown): { readonly start: number; readonly end: number } | undefined {
  const { isNode } = yamlLibrary()
  const range = isNode(node) ? node.range : undefined
  return range ? { start: range[0], end: range[1] } : undefined
}
