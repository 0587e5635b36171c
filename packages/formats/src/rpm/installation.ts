import { fail } from '../errors.ts'
import type { Complain, Header } from './header.ts'
import { parseHeader } from './header.ts'
import { FILE_FLAGS, filesOfHeader } from './package-files.ts'
import { dependenciesOf } from './record.ts'
import { type Installation, installedHeader } from './rpmdb/installed-header.ts'
import { sqliteDatabase } from './rpmdb/sqlite-write.ts'
import { operatorOf, SENSE } from './sense.ts'
import type { TagName } from './tags.ts'

/** The two headers of a package file: the members `header` and `signature` of what `readPackage` calls control. */
export interface RpmHeaders {
  readonly header: Buffer
  readonly signature: Buffer
}

export type { Installation }

/** A program that rpm runs at an installation. */
export interface RpmScript {
  /** As the spec has it: `pre`, `post`, `triggerin` … */
  readonly kind:
    | 'pretrans'
    | 'pre'
    | 'post'
    | 'posttrans'
    | 'triggerprein'
    | 'triggerin'
    | 'filetriggerin'
    | 'transfiletriggerin'
  /** The interpreter with its arguments. */
  readonly program: readonly string[]
  /** undefined: the interpreter runs by itself. */
  readonly text: string | undefined
  /** What rpm does to the text before it runs it: 1 expands macros, 2 fills in the header's tags. */
  readonly flags: number
  /** What sets a trigger off: packages, or the beginnings of absolute paths. */
  readonly conditions: readonly { readonly name: string; readonly operator?: string; readonly version?: string }[]
  /** Of file triggers: the highest first. */
  readonly priority: number
}

/** What installing a package takes besides its payload. */
export interface RpmPackage {
  /** Names it needs and names it is known by, its files apart. */
  readonly needs: readonly string[]
  readonly gives: readonly string[]
  readonly files: readonly {
    /** Without a leading slash. */
    readonly path: string
    readonly directory: boolean
    /** Permission bits. */
    readonly mode: number
    readonly owner: string
    readonly group: string
    /** Named by the package, made by nobody at installation. */
    readonly ghost: boolean
  }[]
  readonly scripts: readonly RpmScript[]
}

/** Reads what a header says about installing it. @throws PACKAGE_MALFORMED */
export function readRpmPackage(bytes: Buffer): RpmPackage {
  const header = parseHeader(bytes)
  return {
    needs: dependenciesOf(header, 'REQUIRES').map(({ name }) => name),
    gives: dependenciesOf(header, 'PROVIDES').map(({ name }) => name),
    files: filesOfHeader(header).map(({ entry, flags }) => ({
      path: entry.path,
      directory: entry.type === 'directory',
      mode: entry.mode,
      owner: entry.owner ?? 'root',
      group: entry.group ?? 'root',
      ghost: (flags & FILE_FLAGS.GHOST) !== 0,
    })),
    scripts: [...plainScripts(header), ...TRIGGERS.flatMap((family) => triggers(header, family))],
  }
}

const complain: Complain = (what) => fail('PACKAGE_MALFORMED', { what })

/** rpm's database of packages just installed, in the order of installation: the bytes of rpmdb.sqlite. @throws PACKAGE_MALFORMED */
export function rpmDatabase(
  packages: readonly { readonly headers: RpmHeaders; readonly installation: Installation }[],
): Buffer {
  const blobs = packages.map(({ headers, installation }) => installedHeader(headers, installation, complain))
  return sqliteDatabase(blobs, complain)
}

const PLAIN = [
  ['pretrans', 'PRETRANS'],
  ['pre', 'PREIN'],
  ['post', 'POSTIN'],
  ['posttrans', 'POSTTRANS'],
] as const

function plainScripts(header: Header): RpmScript[] {
  return PLAIN.flatMap(([kind, tag]): RpmScript[] => {
    if (!header.has(tag) && !header.has(`${tag}PROG`)) return []
    const program = header.strings(`${tag}PROG`)
    return [
      {
        kind,
        program: program.length === 0 ? ['/bin/sh'] : program,
        text: header.has(tag) ? header.string(tag) : undefined,
        flags: header.number(`${tag}FLAGS`) ?? 0,
        conditions: [],
        priority: 0,
      },
    ]
  })
}

const TRIGGERS = ['', 'FILE', 'TRANSFILE'] as const

/** The priority of a file trigger that names none (rpm's manual, "File Triggers"). */
const PRIORITY = 1_000_000

function triggers(header: Header, family: (typeof TRIGGERS)[number]): RpmScript[] {
  const strings = (tag: TagName) => header.strings(tag)
  const programs = strings(`${family}TRIGGERSCRIPTPROG`)
  const scriptFlags = header.numbers(`${family}TRIGGERSCRIPTFLAGS`)
  const indexes = header.numbers(`${family}TRIGGERINDEX`)
  const flags = header.numbers(`${family}TRIGGERFLAGS`)
  const versions = strings(`${family}TRIGGERVERSION`)
  const priorities = family === '' ? [] : header.numbers(`${family}TRIGGERPRIORITIES`)
  const names = strings(`${family}TRIGGERNAME`)
  return strings(`${family}TRIGGERSCRIPTS`).flatMap((text, script): RpmScript[] => {
    const own = names.flatMap((name, i) => ((indexes[i] ?? 0) === script ? [{ name, i }] : []))
    const when = own.reduce((bits, { i }) => bits | (flags[i] ?? 0), 0)
    const kind = when & SENSE.TRIGGERPREIN ? 'prein' : when & SENSE.TRIGGERIN ? 'in' : undefined
    if (kind === undefined || (kind === 'prein' && family !== '')) return []
    const prefix = ({ '': 'trigger', FILE: 'filetrigger', TRANSFILE: 'transfiletrigger' } as const)[family]
    const named = kind === 'prein' ? 'triggerprein' : (`${prefix}in` as const)
    return [
      {
        kind: named,
        program: [programs[script] ?? '/bin/sh'],
        text,
        flags: scriptFlags[script] ?? 0,
        conditions: own.map(({ name, i }) => {
          const operator = operatorOf(flags[i] ?? 0)
          return operator === undefined ? { name } : { name, operator, version: versions[i] ?? '' }
        }),
        priority: priorities[script] ?? PRIORITY,
      },
    ]
  })
}
