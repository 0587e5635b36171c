import type { ChangelogEntry, PackageScript } from '../types.ts'
import type { Header } from './header.ts'
import { operatorOf, SENSE } from './sense.ts'
import type { TagName } from './tags.ts'

const SCRIPTS = [
  ['pretrans', 'PRETRANS', 'PRETRANSPROG'],
  ['prein', 'PREIN', 'PREINPROG'],
  ['postin', 'POSTIN', 'POSTINPROG'],
  ['preun', 'PREUN', 'PREUNPROG'],
  ['postun', 'POSTUN', 'POSTUNPROG'],
  ['posttrans', 'POSTTRANS', 'POSTTRANSPROG'],
  ['preuntrans', 'PREUNTRANS', 'PREUNTRANSPROG'],
  ['postuntrans', 'POSTUNTRANS', 'POSTUNTRANSPROG'],
  ['verifyscript', 'VERIFYSCRIPT', 'VERIFYSCRIPTPROG'],
] as const satisfies readonly (readonly [string, TagName, TagName])[]

const TRIGGERS = ['', 'FILE', 'TRANSFILE'] as const

/**
 * All scripts, in the order of rpm's manual, triggers last. A trigger's name says what runs it, as a spec has it: `triggerin -- foo > 1, bar`,
 * `transfiletriggerin -- /usr/lib`. A script without a text is its interpreter run with no input.
 */
export function scriptsOf(header: Header): PackageScript[] {
  const scripts: PackageScript[] = []
  for (const [name, textTag, programTag] of SCRIPTS) {
    if (!header.has(textTag) && !header.has(programTag)) continue
    const program = header.strings(programTag)
    scripts.push({ name, interpreter: program.length === 0 ? ['/bin/sh'] : program, text: header.string(textTag) })
  }
  for (const family of TRIGGERS) scripts.push(...triggersOf(header, family))
  return scripts
}

function triggersOf(header: Header, family: (typeof TRIGGERS)[number]): PackageScript[] {
  const texts = header.strings(`${family}TRIGGERSCRIPTS`)
  const programs = header.strings(`${family}TRIGGERSCRIPTPROG`)
  const indexes = header.numbers(`${family}TRIGGERINDEX`)
  const flags = header.numbers(`${family}TRIGGERFLAGS`)
  const versions = header.strings(`${family}TRIGGERVERSION`)
  const conditions = texts.map((): { kind: string; names: string[] } => ({ kind: '', names: [] }))
  for (const [i, name] of header.strings(`${family}TRIGGERNAME`).entries()) {
    const condition = conditions[indexes[i] ?? 0]
    if (!condition) continue
    const operator = operatorOf(flags[i] ?? 0)
    condition.kind = triggerKind(flags[i] ?? 0)
    condition.names.push(operator === undefined ? name : `${name} ${operator} ${versions[i] ?? ''}`)
  }
  return texts.map((text, i) => {
    const { kind = '', names = [] } = conditions[i] ?? {}
    return {
      name: `${family.toLowerCase()}trigger${kind} -- ${names.join(', ')}`,
      interpreter: [programs[i] ?? '/bin/sh'],
      text,
    }
  })
}

function triggerKind(flags: number): string {
  if (flags & SENSE.TRIGGERPREIN) return 'prein'
  if (flags & SENSE.TRIGGERIN) return 'in'
  if (flags & SENSE.TRIGGERUN) return 'un'
  return flags & SENSE.TRIGGERPOSTUN ? 'postun' : ''
}

/** The changelog, newest first as rpm keeps it. */
export function changelogOf(header: Header): ChangelogEntry[] {
  const times = header.numbers('CHANGELOGTIME')
  const texts = header.strings('CHANGELOGTEXT')
  return header.strings('CHANGELOGNAME').map((name, i) => changelogEntry(name, times[i] ?? 0, texts[i] ?? ''))
}

/** An entry of its author's line, seconds since the epoch and text. The line ends with the version, `Name <address> - 1.0-1`, by habit, not by rule. */
export function changelogEntry(line: string, seconds: number, text: string): ChangelogEntry {
  const match = /^(.*?>)\s*-?\s*(\S+)$/.exec(line) ?? /^(.*?)\s+-\s+(\S+)$/.exec(line)
  return {
    version: match?.[2] ?? '',
    author: match?.[1] ?? line,
    date: new Date(seconds * 1000).toISOString(),
    text,
  }
}
