import { globSync } from 'node:fs'
import { join } from 'node:path'
import { compareText, EXIT_CODES, type ErrorDeclaration, type ErrorKind } from '../../packages/base/src/index.ts'

/** What each exit code stands for, in a sentence. */
const KINDS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  ok: 'It worked.',
  internal: 'A defect of Holotype, or of a program it ran.',
  usage: 'The command line is wrong, or the command is not built yet.',
  input: 'Something that was given is wrong: a file of the distribution, a name, a package.',
  conflict: 'It does not fit what is already there: it would overwrite, contradict or go backwards.',
  trust: 'A signature, a digest, a key, a token or a permission is wrong.',
  unreachable: 'A server or a source does not answer.',
  refused: 'It was stopped, by a person or by a policy.',
  resource: 'Something ran out: disk, memory, time, or a limit was reached.',
  corrupt: 'Something that was stored is damaged.',
}

/** docs/reference/exit-codes.md */
export function exitCodesReference(): string {
  const rows = Object.entries(EXIT_CODES).map(([kind, code]) => `| ${code} | ${kind} | ${meaningOf(kind)} |`)
  return `# Exit codes

Every command ends with one of these. The kind of an error decides; its code (see [errors](errors.md)) says exactly what happened.
A command that is ended by a signal exits with 128 and the signal's number: 130 after Ctrl-C.

| exit | kind | meaning |
|---:|---|---|
${rows.join('\n')}
`
}

function meaningOf(kind: string): string {
  return Object.entries(KINDS).find(([name]) => name === kind)?.[1] ?? ''
}

interface Row extends ErrorDeclaration {
  readonly code: string
}

interface Declared {
  readonly package: string
  readonly rows: readonly Row[]
}

/** Every table of error codes: what the packages' `errors.ts` (base: `codes.ts`) export as `fail`. */
export async function declaredErrors(root: string): Promise<Declared[]> {
  const files = globSync('packages/*/src/**/{errors,codes}.ts', { cwd: root }).sort(compareText)
  const tables: Declared[] = []
  for (const file of files) {
    const rows = tableOf(await import(join(root, file)))
    if (rows.length > 0) tables.push({ package: file.split('/')[1] ?? '', rows })
  }
  if (tables.flatMap(({ rows }) => rows).length < 20)
    throw new Error('fewer than 20 codes: the search has lost its way')
  return tables
}

/** Codes that more than one package declares: a code must lead to one explanation. */
export function duplicateCodes(tables: readonly Declared[]): string[] {
  const owners = Map.groupBy(
    tables.flatMap((table) => table.rows.map(({ code }) => ({ code, package: table.package }))),
    ({ code }) => code,
  )
  return [...owners].flatMap(([code, all]) =>
    all.length > 1 ? [`${code} is declared by ${all.map((one) => one.package).join(' and ')}`] : [],
  )
}

/** docs/reference/errors.md */
export function errorsReference(tables: readonly Declared[]): string {
  const sections = tables.map((table) => section(table.package, table.rows))
  return `# Error codes

Every failure has a code that does not change. The command prints it last; with \`--json\` it is the member \`code\`, and the HTTP API
carries it in its problem documents. The exit code follows from the kind: see [exit codes](exit-codes.md).

${sections.join('\n')}`
}

function section(name: string, rows: readonly Row[]): string {
  const lines = rows
    .toSorted((a, b) => compareText(a.code, b.code))
    .map(
      ({ code, kind, when, hint }) => `| \`${code}\` | ${kind}, ${EXIT_CODES[kind]} | ${cell(when)} | ${cell(hint)} |`,
    )
  return `## ${name}

| code | kind, exit | when | what to do |
|---|---|---|---|
${lines.join('\n')}
`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ')
}

/** The table of a module's \`fail\`. */
function tableOf(module: unknown): Row[] {
  const fail = memberOf(module, 'fail')
  const table = memberOf(fail, 'table')
  if (typeof table !== 'object' || table === null) return []
  return Object.entries(table).map(([code, declaration]: [string, unknown]) => ({
    code,
    kind: kindOf(memberOf(declaration, 'kind')),
    when: textOf(memberOf(declaration, 'when')),
    hint: textOf(memberOf(declaration, 'hint')),
  }))
}

function memberOf(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  // Not the property's descriptor: a module's exports may be getters.
  const member: unknown = Reflect.get(value, name)
  return member
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new Error('an error is declared without its words')
}

function kindOf(value: unknown): ErrorKind {
  const isKind = (one: unknown): one is ErrorKind => typeof one === 'string' && one !== 'ok' && one in EXIT_CODES
  if (isKind(value)) return value
  throw new Error(`no kind of error: ${String(value)}`)
}
