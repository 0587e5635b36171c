import { fail } from '../errors.ts'
import { INDEX_BYTES } from '../limits.ts'
import { readChecksum } from './repomd.ts'
import { type XmlReader, xmlReader } from './xml.ts'

/** One advisory of an updateinfo.xml: why packages were updated, and to which versions. What it does not say is ''. */
export interface Advisory {
  /** The publisher's own: `FEDORA-2024-0123456789`, `RHSA-2024:0001`. */
  readonly id: string
  /** `security`, `bugfix`, `enhancement`, `newpackage` … */
  readonly type: string
  /** `Critical`, `Important`, `Moderate`, `Low` …, as the publisher writes it. */
  readonly severity: string
  /** `stable`, `final`, `testing` … */
  readonly status: string
  /** Who issued it. */
  readonly from: string
  readonly title: string
  /** ISO 8601, UTC. */
  readonly issued: string
  readonly updated: string
  readonly rights: string
  readonly release: string
  readonly summary: string
  readonly description: string
  readonly solution: string
  readonly references: readonly AdvisoryReference[]
  readonly collections: readonly AdvisoryCollection[]
}

export interface AdvisoryReference {
  /** `cve`, `bugzilla`, `self`, `vendor` … */
  readonly type: string
  readonly id: string
  readonly href: string
  readonly title: string
}

/** Packages that belong together: those of a product, or of a module, whose packages count only where the module is enabled. */
export interface AdvisoryCollection {
  readonly short: string
  readonly name: string
  readonly module?: {
    readonly name: string
    readonly stream: string
    readonly version: string
    readonly context: string
    readonly arch: string
  }
  readonly packages: readonly AdvisoryPackage[]
}

export interface AdvisoryPackage {
  readonly name: string
  /** `epoch:version-release`, without an epoch of 0. */
  readonly version: string
  readonly architecture: string
  /** File name of the source package. */
  readonly source: string
  /** The package's own file name, without directories. */
  readonly filename: string
  /** 64 hex digits, where the advisory has this digest. */
  readonly sha256?: string
  /** What is to be restarted after the update, where the advisory says so. */
  readonly suggested?: readonly Suggestion[]
}

export type Suggestion = 'reboot' | 'relogin' | 'restart'

const SUGGESTIONS = {
  reboot_suggested: 'reboot',
  relogin_suggested: 'relogin',
  restart_suggested: 'restart',
} as const satisfies Record<string, Suggestion>

/**
 * Every advisory of an uncompressed updateinfo.xml, in its order.
 * @throws REPOSITORY_MALFORMED
 */
export function parseUpdateinfo(bytes: Uint8Array): Advisory[] {
  if (bytes.length > INDEX_BYTES)
    throw fail('REPOSITORY_MALFORMED', { what: `updateinfo.xml is larger than INDEX_BYTES (${INDEX_BYTES})` })
  const xml = xmlReader(bytes, 'updateinfo.xml')
  const advisories: Advisory[] = []
  let root = false
  for (let event = xml.next(); event !== 'end'; event = xml.next()) {
    if (event !== 'open') continue
    const name = xml.name()
    if (!root) {
      if (name !== 'updates') throw xml.malformed(`<updates> is expected, <${name}> is there`)
      root = true
    } else if (name === 'update') advisories.push(readAdvisory(xml))
    else xml.skip()
  }
  return advisories
}

/** The CVE ids that an advisory's references name, each once, sorted. Some publishers put them into the title alone. */
export function cvesOf({ references }: Pick<Advisory, 'references'>): string[] {
  const found = new Set<string>()
  for (const { type, id, title } of references)
    for (const text of type === 'cve' ? [id, title] : [title])
      for (const [cve] of text.matchAll(/CVE-\d{4}-\d{4,19}(?!\d)/g)) found.add(cve)
  return [...found].sort()
}

const TEXTS = ['id', 'title', 'severity', 'rights', 'release', 'summary', 'description', 'solution'] as const
const isText = (name: string): name is (typeof TEXTS)[number] => TEXTS.some((known) => known === name)

function readAdvisory(xml: XmlReader): Advisory {
  const attribute = (name: string) => xml.attribute(name) ?? ''
  const head = { from: attribute('from'), status: attribute('status'), type: attribute('type') }
  const texts: Partial<Record<(typeof TEXTS)[number], string>> = {}
  let issued = ''
  let updated = ''
  let references: AdvisoryReference[] = []
  let collections: AdvisoryCollection[] = []
  for (let event = xml.next(); event !== 'close'; event = xml.next()) {
    if (event === 'text') continue
    const name = xml.name()
    if (isText(name)) texts[name] = xml.content()
    else if (name === 'issued') issued = readDate(xml)
    else if (name === 'updated') updated = readDate(xml)
    else if (name === 'references') references = children(xml, 'reference', readReference)
    else if (name === 'pkglist') collections = children(xml, 'collection', readCollection)
    else xml.skip()
  }
  const { id = '', title = '', severity = '', rights = '', release = '' } = texts
  const { summary = '', description = '', solution = '' } = texts
  if (id === '') throw xml.malformed('an <update> has no id')
  return {
    id,
    ...head,
    severity,
    title,
    issued,
    updated,
    rights,
    release,
    summary,
    description,
    solution,
    references,
    collections,
  }
}

/** What `read` makes of each child of one name; each must read to its element's end. */
function children<Child>(xml: XmlReader, name: string, read: (xml: XmlReader) => Child): Child[] {
  const found: Child[] = []
  for (let event = xml.next(); event !== 'close'; event = xml.next()) {
    if (event !== 'open') continue
    if (xml.name() === name) found.push(read(xml))
    else xml.skip()
  }
  return found
}

/** `2024-01-31`, `2024-01-31 12:00:00`, both of UTC, or seconds since the epoch. */
function readDate(xml: XmlReader): string {
  const text = (xml.attribute('date') ?? '').trim()
  xml.skip()
  if (text === '') return ''
  const [, day, time = '00:00:00'] = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?: UTC|Z)?)?$/.exec(text) ?? []
  const at = /^\d{1,11}$/.test(text) ? Number(text) * 1000 : Date.parse(`${day}T${time}Z`)
  if (Number.isNaN(at)) throw xml.malformed(`"${text.slice(0, 40)}" is no date`)
  return new Date(at).toISOString()
}

function readReference(xml: XmlReader): AdvisoryReference {
  const attribute = (name: string) => xml.attribute(name) ?? ''
  const reference = {
    type: attribute('type'),
    id: attribute('id'),
    href: attribute('href'),
    title: attribute('title'),
  }
  xml.skip()
  return reference
}

function readCollection(xml: XmlReader): AdvisoryCollection {
  const short = xml.attribute('short') ?? ''
  let title = ''
  let module: AdvisoryCollection['module']
  const packages: AdvisoryPackage[] = []
  for (let event = xml.next(); event !== 'close'; event = xml.next()) {
    if (event === 'text') continue
    const name = xml.name()
    if (name === 'name') title = xml.content()
    else if (name === 'module') {
      module = readModule(xml)
      xml.skip()
    } else if (name === 'package') packages.push(readPackage(xml))
    else xml.skip()
  }
  return { short, name: title, ...(module === undefined ? {} : { module }), packages }
}

function readModule(xml: XmlReader): NonNullable<AdvisoryCollection['module']> {
  const attribute = (name: string) => xml.attribute(name) ?? ''
  return {
    name: attribute('name'),
    stream: attribute('stream'),
    version: attribute('version'),
    context: attribute('context'),
    arch: attribute('arch'),
  }
}

function readPackage(xml: XmlReader): AdvisoryPackage {
  const attribute = (name: string) => xml.attribute(name) ?? ''
  const name = attribute('name')
  const version = attribute('version')
  const epoch = attribute('epoch')
  const architecture = attribute('arch')
  const source = attribute('src')
  const release = attribute('release')
  if (name === '' || version === '') throw xml.malformed('a package of an advisory has no name or no version')
  if (!/^\d{0,10}$/.test(epoch)) throw xml.malformed(`"${epoch.slice(0, 40)}" is no epoch`)
  const evr = `${Number(epoch) === 0 ? '' : `${Number(epoch)}:`}${version}-${release}`
  let filename = ''
  let sha256: string | undefined
  const suggested: Suggestion[] = []
  for (let event = xml.next(); event !== 'close'; event = xml.next()) {
    if (event === 'text') continue
    const element = xml.name()
    if (element === 'filename') filename = readFilename(xml)
    else if (element === 'sum') {
      const { type, hex } = readChecksum(xml)
      if (type === 'sha256') sha256 = hex
    } else if (isSuggestion(element)) {
      // Some write the element empty, some with True or 1 in it.
      if (!/^(?:0|false)$/i.test(xml.content().trim())) suggested.push(SUGGESTIONS[element])
    } else xml.skip()
  }
  return {
    name,
    version: evr,
    architecture,
    source,
    filename,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(suggested.length === 0 ? {} : { suggested }),
  }
}

/** Some publishers write a path: its last part is what counts. */
function readFilename(xml: XmlReader): string {
  const text = xml.content().trim()
  return text.slice(text.lastIndexOf('/') + 1)
}

function isSuggestion(name: string): name is keyof typeof SUGGESTIONS {
  return Object.hasOwn(SUGGESTIONS, name)
}
