import { compareText } from '@holotype/base'
import type { ImageFiles } from './image-files.ts'
import { fstabUnits, type GeneratedUnit, sysvUnits } from './generated-units.ts'
import { parseUnit, type UnitSettings, wordsOf } from './unit-file.ts'

/** Where systemd looks for units, the first wins (systemd.unit(5), "System Unit Search Path"; what a running system adds left out). */
export const UNIT_PATH = [
  'etc/systemd/system',
  'usr/local/lib/systemd/system',
  'usr/lib/systemd/system',
  'lib/systemd/system',
] as const

/** A unit as the image has it. */
export interface Unit {
  /** Its own name, where an alias led to it. */
  readonly name: string
  readonly file: string
  readonly settings: UnitSettings
  /** Units that `.wants`, `.requires` and `.upholds` directories add: `[Wants, name]`. */
  readonly links: readonly (readonly [how: 'Wants' | 'Requires' | 'Upholds', unit: string])[]
}

export interface UnitLoader {
  /** The unit of a name or alias; `masked` where it leads to nothing on purpose; undefined where there is none. */
  load(name: string): Unit | 'masked' | undefined
}

/** Loads units of an image on demand, each once. */
export function openUnits(files: ImageFiles): UnitLoader {
  const loaded = new Map<string, Unit | 'masked' | undefined>()
  const generated = new Map<string, Unit>()
  const links = new Map<string, (readonly ['Wants' | 'Requires', string])[]>()
  for (const [name, made] of [...fstabUnits(files), ...sysvUnits(files)]) {
    // A unit of the image's own comes before a generator's.
    if (find(files, name) !== undefined) continue
    const unit = generatedUnit(name, made)
    generated.set(name, unit)
    for (const [how, key] of [
      ['Wants', 'WantedBy'],
      ['Requires', 'RequiredBy'],
    ] as const)
      for (const goal of wordsOf(unit.settings, `Install.${key}`))
        links.set(goal, [...(links.get(goal) ?? []), [how, name]])
  }
  const load = (name: string): Unit | 'masked' | undefined => {
    if (loaded.has(name)) return loaded.get(name)
    const found = find(files, name) ?? generated.get(name)
    const unit =
      typeof found === 'object'
        ? (loaded.get(found.name) ?? { ...found, links: [...found.links, ...(links.get(found.name) ?? [])] })
        : found
    loaded.set(name, unit)
    if (typeof unit === 'object') loaded.set(unit.name, unit)
    return unit
  }
  return { load }
}

function generatedUnit(name: string, { file, text }: GeneratedUnit): Unit {
  return { name, file, settings: parseUnit([text]), links: [] }
}

function find(files: ImageFiles, name: string): Unit | 'masked' | undefined {
  for (const directory of UNIT_PATH) {
    for (const candidate of [name, templateOf(name)]) {
      if (candidate === undefined) continue
      const entry = files.list(directory).find((one) => one.name === candidate)
      if (entry === undefined) continue
      if (entry.type === 'symlink' && entry.target === '/dev/null') return 'masked'
      const at = files.resolve(`${directory}/${candidate}`)
      const text = at && files.text(at.path)
      if (at === undefined || text === undefined) continue
      if (text === '' && directory.startsWith('etc/')) return 'masked'
      const own = ownName(name, at.path.slice(at.path.lastIndexOf('/') + 1))
      return assemble(files, { own, asked: name, file: at.path, text })
    }
  }
  return undefined
}

interface Found {
  readonly own: string
  readonly asked: string
  readonly file: string
  readonly text: string
}

function assemble(files: ImageFiles, { own, asked, file, text }: Found): Unit {
  const names = [...new Set([own, asked])]
  const texts = [text, ...names.flatMap((name) => dropIns(files, name))].map((one) => expand(one, own))
  return {
    name: own,
    file: `/${file}`,
    settings: parseUnit(texts),
    links: names.flatMap((name) => linksOf(files, name)),
  }
}

/** `getty@tty1.service` comes of `getty@.service`. */
function templateOf(name: string): string | undefined {
  const [, prefix, instance, type] = /^([^@]+)@(.+)\.([a-z]+)$/.exec(name) ?? []
  return instance === undefined ? undefined : `${prefix}@.${type}`
}

/** The name behind an alias; an instance keeps its own. */
function ownName(asked: string, file: string): string {
  const [, prefix, type] = /^([^@]+)@\.([a-z]+)$/.exec(file) ?? []
  if (prefix === undefined) return file
  const instance = /^[^@]+@(.+)\.[a-z]+$/.exec(asked)?.[1]
  return instance === undefined ? file : `${prefix}@${instance}.${type}`
}

/** The drop-in directories of a name, the most special first (systemd.unit(5)): its own, its template's, those of its prefixes, its type's. */
function dropInDirectories(name: string): string[] {
  const type = name.slice(name.lastIndexOf('.') + 1)
  const stem = name.slice(0, name.lastIndexOf('.'))
  const prefixes = [...stem.matchAll(/-/g)].map(({ index }) => `${stem.slice(0, index + 1)}.${type}`).reverse()
  const template = templateOf(name)
  return [name, ...(template === undefined ? [] : [template]), ...prefixes, type].map((base) => `${base}.d`)
}

/** Drop-ins in order of their names; of one name the first directory has it. */
function dropIns(files: ImageFiles, name: string): string[] {
  const found = new Map<string, string>()
  for (const drop of dropInDirectories(name)) {
    for (const directory of UNIT_PATH) {
      for (const entry of files.list(`${directory}/${drop}`)) {
        if (!entry.name.endsWith('.conf') || found.has(entry.name)) continue
        found.set(entry.name, files.text(`${directory}/${drop}/${entry.name}`) ?? '')
      }
    }
  }
  return [...found].sort(([a], [b]) => compareText(a, b)).map(([, text]) => text)
}

function linksOf(files: ImageFiles, name: string): Unit['links'] {
  const template = templateOf(name)
  const names = template === undefined ? [name] : [name, template]
  const kinds = [
    ['Wants', 'wants'],
    ['Requires', 'requires'],
    ['Upholds', 'upholds'],
  ] as const
  return kinds.flatMap(([how, ending]) =>
    names.flatMap((base) =>
      UNIT_PATH.flatMap((directory) =>
        files.list(`${directory}/${base}.${ending}`).map((entry) => [how, entry.name] as const),
      ),
    ),
  )
}

/** The specifiers that name the unit itself (systemd.unit(5), "Specifiers"). */
function expand(text: string, name: string): string {
  if (!text.includes('%')) return text
  const stem = name.slice(0, name.lastIndexOf('.'))
  const [prefix = stem, instance = ''] = stem.includes('@')
    ? [stem.slice(0, stem.indexOf('@')), stem.slice(stem.indexOf('@') + 1)]
    : []
  const last = prefix.slice(prefix.lastIndexOf('-') + 1)
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    n: name,
    N: stem,
    p: prefix,
    P: unescaped(prefix),
    i: instance,
    I: unescaped(instance),
    j: last,
    J: unescaped(last),
  }
  return text.replace(/%([%nNpPiIjJ])/g, (_all, letter: string) => values[letter] ?? '')
}

function unescaped(text: string): string {
  return text
    .replaceAll('-', '/')
    .replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
