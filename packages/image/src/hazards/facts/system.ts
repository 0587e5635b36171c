import { posix } from 'node:path'
import { type Asked } from '../facts.ts'
import { namesIn, readConfiguration, resolve, type Sides } from '../sides.ts'

const SETUID = 0o4000
const ROOT = 0

/** Programs that lose setuid root, or go and come nowhere else. */
export function setuidGone({ files }: Asked): string[] {
  const runsAsRoot = (facts: (typeof files)[number]['after']) =>
    facts?.type === 'file' && (facts.mode & SETUID) !== 0 && facts.uid === ROOT
  const come = new Set(
    files
      .filter(({ before, after }) => !runsAsRoot(before) && runsAsRoot(after))
      .map(({ path }) => posix.basename(path)),
  )
  return files
    .filter(({ path, before, after }) => runsAsRoot(before) && !runsAsRoot(after) && !come.has(posix.basename(path)))
    .map(({ path, after }) => `${path} ${after ? 'is no longer setuid root' : 'goes'}`)
}

/** Where /sbin/init leads. */
export function initReplaced({ sides: { store, before, after } }: Asked): string[] {
  const [old, next] = [before, after].map((image) => {
    const found = resolve(store, image, '/sbin/init')
    // The init of sysvinit and others lies at the same path: the package tells them apart.
    return found && `${found.path} (${image.ownerOf(found.path) ?? 'nobody'})`
  })
  const program = (text: string | undefined) => text?.replace(/^.*\//, '')
  return program(old) === program(next) ? [] : [`/sbin/init: ${old ?? 'none'} becomes ${next ?? 'none'}`]
}

const AGENT = '/usr/bin/holotype-agent'

/** The agent where packages put it, with the package that had it. */
export function agentGone({ sides: { store, before, after } }: Asked): string[] {
  const [old, next] = [before, after].map((image) => resolve(store, image, AGENT))
  return old && !next ? [`${AGENT} (${before.ownerOf(old.path) ?? 'nobody'}) goes`] : []
}

/** Kernels whose modules go, and the kernel where none is left. */
export function kernelModulesReplaced({ sides: { store, before, after } }: Asked): string[] {
  const [old, next] = [kernelsOf(store, before), kernelsOf(store, after)]
  const gone = old.modules.filter((name) => !next.modules.includes(name))
  return [
    ...(gone.length === 0
      ? []
      : [`modules of ${gone.join(', ')} go; there are ${next.modules.join(', ') || 'none any more'}`]),
    ...(old.programs.length === 0 || next.programs.length > 0
      ? []
      : [`${old.programs.join(', ')} goes: there is no kernel any more`]),
  ]
}

function kernelsOf(store: Sides['store'], image: Sides['after']) {
  const modules = namesIn(store, image, '/lib/modules').filter((name) => /^\d/.test(name))
  const boot = namesIn(store, image, '/boot').filter((name) => /^(vmlinu[xz]|Image)(-|$)/.test(name))
  const paths = [
    '/vmlinuz',
    ...boot.map((name) => `/boot/${name}`),
    ...modules.map((name) => `/lib/modules/${name}/vmlinuz`),
  ]
  return { modules, programs: paths.filter((path) => resolve(store, image, path)?.entry.type === 'file') }
}

/** Libraries of the rule that another package owns than before. */
export function libraryChangesPackage({ sides: { store, before, after }, rule }: Asked): string[] {
  return rule.libraries.flatMap((name) => {
    const [old, next] = [before, after].map((image) => ownersOf(store, image, name))
    if (!old || !next || old === '' || old === next) return []
    return [next === '' ? `${name} of ${old} goes` : `${name}: ${old} becomes ${next}`]
  })
}

/** Folders of libraries with what lies right below them that has its architecture's name. */
function ownersOf(store: Sides['store'], image: Sides['after'], name: string): string {
  const folders = ['/usr/lib', '/lib', '/usr/lib64', '/lib64'].flatMap((folder) => [
    folder,
    ...namesIn(store, image, folder)
      .filter((part) => /-linux-gnu/.test(part))
      .map((part) => `${folder}/${part}`),
  ])
  const owners = folders.flatMap((folder) => image.ownerOf(`${folder}/${name}`) ?? [])
  return [...new Set(owners)].sort().join(', ')
}

/** Features that mke2fs(8) gives to new file systems, where both images say. */
export function fileSystemFeatures({ sides: { store, before, after } }: Asked): string[] {
  const [old, next] = [before, after].map((image) => featuresOf(readConfiguration(store, image, '/etc/mke2fs.conf')))
  if (!old || !next || old.size === 0 || next.size === 0) return []
  return [...new Set([...old.keys(), ...next.keys()])].flatMap((key) => {
    const [was, becomes] = [old.get(key) ?? 'none', next.get(key) ?? 'none']
    return was === becomes ? [] : [`/etc/mke2fs.conf, ${key}: ${was} becomes ${becomes}`]
  })
}

/** `default base_features` → the features, sorted (mke2fs.conf(5)). */
function featuresOf(text: string): Map<string, string> {
  const found = new Map<string, string>()
  let section = ''
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const [, opens] = /^(\w+)\s*=\s*\{$/.exec(line) ?? []
    if (opens !== undefined) section = opens
    const [, name, value = ''] = /^(\w*features)\s*=\s*(.*)$/.exec(line) ?? []
    const features = value.split(/[\s,]+/).filter((word) => word !== '')
    if (name !== undefined)
      found.set(`${section === '' || name === 'base_features' ? 'all' : section} ${name}`, features.sort().join(' '))
    if (line === '}') section = ''
  }
  return found
}
