import { compareText, compileGlobs } from '@holotype/base'
import { walkTree } from '@holotype/store'
import type { ComposedImage } from './composed-image.ts'
import { ownerOf, ownerText, placed } from './explain-path.ts'
import type { ExplainedUnit, Statement } from './types.ts'

/** Where systemd looks for units, the strongest first (systemd.unit(5)); `/run` is the node's. */
const UNIT_DIRECTORIES = ['/etc/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system'] as const
/** Where it looks for presets (systemd.preset(5)). */
const PRESET_DIRECTORIES = ['/etc/systemd/system-preset', '/usr/lib/systemd/system-preset'] as const

/** Types of units (systemd.unit(5)): what ends so is one. */
export const UNIT_NAME = /\.(service|socket|timer|target|mount|automount|path|slice|swap|device|scope)$/

/** Who ships a unit, who lets it start and from where, and what adds to it. */
export function explainUnit(image: ComposedImage, name: string): ExplainedUnit {
  const template = name.replace(/@.*(\.[a-z]+)$/, '@$1')
  const places = UNIT_DIRECTORIES.flatMap((directory) => [`${directory}/${name}`, `${directory}/${template}`])
  const path = places.find((place) => image.at(place).entry !== undefined)
  const entry = path === undefined ? undefined : image.at(path).entry
  const masked = entry?.type === 'symlink' && entry.target === '/dev/null'
  const links = linksOf(image, name)
  const starting = links.filter((link) => /\.(wants|requires|upholds)\/[^/]+$/.test(link))
  const owner = path === undefined ? undefined : ownerOf(image, image.at(path).path)
  const state = masked ? 'masked' : starting.length > 0 ? 'enabled' : hasInstall(image, path) ? 'disabled' : 'static'
  return {
    kind: 'unit',
    name,
    present: path !== undefined,
    ...(path === undefined ? {} : { path, state }),
    ...(owner ? { owner } : {}),
    links,
    statements:
      path === undefined
        ? absence(image, name)
        : [...links.map((link) => linkWords(image, name, link)), ...verbs(image, name), ...presets(image, name)],
  }
}

/** Links to it in `*.wants` and the like, its other names, and what adds to it, in the unit directories. */
function linksOf(image: ComposedImage, name: string): string[] {
  const found: string[] = []
  for (const directory of UNIT_DIRECTORIES) {
    const { entry } = image.at(directory)
    if (entry?.type !== 'directory') continue
    for (const { path, entry: inner } of walkTree(image.store, entry.tree)) {
      const named = path === name || path.endsWith(`/${name}`)
      const alias = inner.type === 'symlink' && !named && inner.target.split('/').at(-1) === name
      const linked = inner.type === 'symlink' && path.endsWith(`/${name}`)
      const dropIn = path.startsWith(`${name}.d/`) && path.endsWith('.conf')
      if (alias || linked || dropIn) found.push(`${directory}/${path}`)
    }
  }
  return found.sort(compareText)
}

function linkWords(image: ComposedImage, name: string, link: string): Statement {
  const owner = ownerOf(image, link)
  const who = owner ? ownerText(owner) : 'nobody'
  const index = image.spec.units.enable.indexOf(name)
  if (owner?.owner === 'step:maintainer-scripts' && index >= 0 && link.startsWith('/etc/') && link.endsWith(`/${name}`))
    return { text: `${link}: enabled by the spec`, ...verbPlace(image, 'enable', name) }
  if (owner?.owner === 'step:maintainer-scripts')
    return { text: `${link}: made by a maintainer script or \`Also=\` of a unit` }
  if (owner?.owner === 'spec') return { text: `${link}: of the spec`, ...placed(image, 'files', link) }
  return { text: `${link}: of ${who}` }
}

function verbs(image: ComposedImage, name: string): Statement[] {
  return (['enable', 'disable', 'mask'] as const)
    .filter((verb) => image.spec.units[verb].includes(name))
    .map((verb) => ({ text: `\`units.${verb}\` of the spec has it`, ...verbPlace(image, verb, name) }))
}

function verbPlace(image: ComposedImage, verb: 'enable' | 'disable' | 'mask', name: string): Pick<Statement, 'place'> {
  const index = image.declared?.spec.units[verb].indexOf(name) ?? -1
  return index < 0 ? {} : placed(image, 'units', verb, index)
}

/** The first line of the preset files, in the order of their names, that fits: `systemctl preset` does what it says. */
function presets(image: ComposedImage, name: string): Statement[] {
  const files = new Map<string, string>()
  for (const directory of PRESET_DIRECTORIES) {
    const { entry } = image.at(directory)
    if (entry?.type !== 'directory') continue
    for (const { name: file } of image.store.readTree(entry.tree).entries)
      if (file.endsWith('.preset') && !files.has(file)) files.set(file, `${directory}/${file}`)
  }
  for (const [, path] of [...files].sort(([a], [b]) => compareText(a, b))) {
    const { entry } = image.at(path)
    const lines = entry?.type === 'file' ? image.store.read(entry.digest).toString().split('\n') : []
    for (const [index, line] of lines.entries()) {
      const [verb, glob] = line.trim().split(/\s+/)
      if ((verb !== 'enable' && verb !== 'disable') || glob === undefined) continue
      if (compileGlobs([`/${glob}`])(`/${name}`))
        return [{ text: `the preset ${path}:${index + 1} says ${verb} ${glob}` }]
    }
  }
  return []
}

function hasInstall(image: ComposedImage, path: string | undefined): boolean {
  const { entry } = image.at(path ?? '/')
  return entry?.type === 'file' && /^\[Install\]/m.test(image.store.read(entry.digest).toString())
}

function absence(image: ComposedImage, name: string): Statement[] {
  return [{ text: `the image has no unit ${name}` }, ...verbs(image, name)]
}
