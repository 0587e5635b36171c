import { readFileSync, statSync } from 'node:fs'
import type { Document } from 'yaml'
import type { z } from 'zod'
import { fail } from '../codes.ts'
import type { ErrorDetails, HolotypeError } from '../errors.ts'
import { YAML_ALIASES, YAML_FILE_BYTES } from '../limits.ts'
import { complaintOf } from './issue.ts'
import { yamlLibrary } from './library.ts'
import { locate, type Position, type YamlSource } from './locate.ts'
import { type Located, positionOf } from './position.ts'

/** A checked document that still knows where everything stands. */
export interface YamlDocument<Value> {
  readonly value: Value
  /** The details of an error about what stands at a path: file:line:column, the line and a caret. For checks beyond the schema. */
  complain(path: readonly PropertyKey[], message: string, part?: 'key' | 'value'): ErrorDetails
  /** Where that stands. */
  placeOf(path: readonly PropertyKey[], part?: 'key' | 'value'): Place
}

/** A place in a file, as errors show it. */
export interface Place extends Position {
  readonly file: string
}

/**
 * Reads a YAML 1.2 file and checks it with a schema.
 * @throws FILE_UNREADABLE, YAML_SYNTAX, YAML_SCHEMA (each with file:line:column, the line and a caret)
 */
export function readYaml<Schema extends z.ZodType>(path: string, schema: Schema, shownAs = path): z.output<Schema> {
  return readYamlDocument(path, schema, shownAs).value
}

/**
 * Reads a YAML file as {@link readYaml} does, and keeps the places.
 * @throws FILE_UNREADABLE, YAML_SYNTAX, YAML_SCHEMA
 */
export function readYamlDocument<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  shownAs = path,
): YamlDocument<z.output<Schema>> {
  return parseYamlDocument({ file: shownAs, text: readText(path, shownAs) }, schema)
}

/**
 * Parses YAML text and checks it with a schema.
 * @throws YAML_SYNTAX, YAML_SCHEMA
 */
export function parseYaml<Schema extends z.ZodType>(source: YamlSource, schema: Schema): z.output<Schema> {
  return parseYamlDocument(source, schema).value
}

/**
 * Parses YAML text as {@link parseYaml} does, and keeps the places.
 * @throws YAML_SYNTAX, YAML_SCHEMA
 */
export function parseYamlDocument<Schema extends z.ZodType>(
  source: YamlSource,
  schema: Schema,
): YamlDocument<z.output<Schema>> {
  const located = parseSource(source)
  const value = plainValue(source, located.document)
  const complain = (path: readonly PropertyKey[], message: string, part: 'key' | 'value' = 'value') =>
    detailsAt(source, positionOf(located, path, part), message)
  const placeOf = (path: readonly PropertyKey[], part: 'key' | 'value' = 'value') => ({
    file: source.file,
    ...positionOf(located, path, part),
  })
  return { value: checkValue(schema, { file: source.file, value, complain }), complain, placeOf }
}

/** A value whose parts may stand in several files: `complain` says where. */
export interface Unchecked {
  /** As errors show it. */
  readonly file: string
  readonly value: unknown
  readonly complain: YamlDocument<unknown>['complain']
}

/** Checks with a schema what was put together from documents. @throws YAML_SCHEMA */
export function checkValue<Schema extends z.ZodType>(schema: Schema, unchecked: Unchecked): z.output<Schema> {
  const { file, value, complain } = unchecked
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return result.data
  const complaint = complaintOf(schema, value, result.error.issues)
  if (!complaint) throw fail('YAML_SCHEMA', { what: `${file} is not of the expected form` })
  throw fail('YAML_SCHEMA', {
    ...complain(complaint.path, complaint.message, complaint.part),
    ...(complaint.hint === undefined ? {} : { hint: complaint.hint }),
  })
}

function readText(path: string, shownAs: string): string {
  try {
    const facts = statSync(path)
    if (!facts.isFile()) throw new Error('not a regular file')
    if (facts.size > YAML_FILE_BYTES) throw new Error(`larger than ${YAML_FILE_BYTES} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw fail('FILE_UNREADABLE', { what: `cannot read ${shownAs}: ${why}`, cause: error })
  }
}

/** @throws YAML_SYNTAX */
export function parseSource(source: YamlSource): Located {
  const { LineCounter, parseDocument } = yamlLibrary()
  const lines = new LineCounter()
  // prettyErrors would add the library's own line and caret to the message.
  const document = guard(source, () =>
    parseDocument(source.text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, logLevel: 'error' }),
  )
  // A warning is an unknown tag (`!include`): its value would not be what its author thinks.
  const broken = document.errors[0] ?? document.warnings[0]
  if (!broken) return { document, lines }
  const at = lines.linePos(broken.pos[0])
  throw fail(
    'YAML_SYNTAX',
    detailsAt(source, { line: Math.max(1, at.line), column: Math.max(1, at.col) }, broken.message),
  )
}

/** Aliases that multiply ("billion laughs") and nesting deeper than the stack end here. */
export function plainValue(source: YamlSource, document: Document.Parsed): unknown {
  return guard(source, () => {
    const value: unknown = document.toJS({ maxAliasCount: YAML_ALIASES })
    return value
  })
}

function guard<T>(source: YamlSource, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const why =
      error instanceof RangeError ? 'it is nested too deeply' : error instanceof Error ? error.message : String(error)
    throw fail('YAML_SYNTAX', { what: `${source.file}: ${why}`, cause: error })
  }
}

function detailsAt(source: YamlSource, at: Position, message: string): { what: string; data: HolotypeError['data'] } {
  return { what: locate(source, at, message), data: { file: source.file, line: at.line, column: at.column } }
}
