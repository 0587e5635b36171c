import { confinedPath } from '../archive/path.ts'
import { fail } from '../errors.ts'
import { HEAD_BYTES } from '../limits.ts'
import { escapeAttribute, escapeText } from './xml-text.ts'
import { type XmlReader, xmlReader } from './xml.ts'

/** A checksum as repodata has it, its type as it stands there: `sha256`, `sha512`, `sha` … */
export interface RepomdChecksum {
  readonly type: string
  readonly hex: string
}

/** One `<data>` of repomd.xml: a metadata file and what it must be. */
export interface RepomdData {
  /** `primary`, `filelists`, `other`, `updateinfo`, `group`, `modules`, `primary_zck` … */
  readonly type: string
  readonly checksum: RepomdChecksum
  /** Of the file once unpacked. */
  readonly openChecksum?: RepomdChecksum
  /** Path below the repository's base. */
  readonly href: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  /** Bytes; absent where repomd.xml does not say. */
  readonly size?: number
  readonly openSize?: number
}

/** What repomd.xml says: the top of an rpm repository. */
export interface Repomd {
  /** What the publisher counts its states by; createrepo_c writes seconds since the epoch. */
  readonly revision: string
  readonly data: readonly RepomdData[]
  /** The distributions it is for: `<distro cpeid="cpe:/o:…">Name</distro>`. */
  readonly distros: readonly { readonly cpeid: string; readonly name: string }[]
}

const DIGITS: Readonly<Record<string, number>> = {
  md5: 32,
  sha: 40,
  sha1: 40,
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
}

/** @throws REPOSITORY_MALFORMED */
export function parseRepomd(bytes: Uint8Array): Repomd {
  if (bytes.length > HEAD_BYTES)
    throw fail('REPOSITORY_MALFORMED', { what: `repomd.xml is larger than HEAD_BYTES (${HEAD_BYTES})` })
  const xml = xmlReader(bytes, 'repomd.xml')
  let revision = ''
  const data: RepomdData[] = []
  const distros: { cpeid: string; name: string }[] = []
  let root = false
  for (let event = xml.next(); event !== 'end'; event = xml.next()) {
    if (event !== 'open') continue
    const name = xml.name()
    if (!root) {
      if (name !== 'repomd') throw xml.malformed(`<repomd> is expected, <${name}> is there`)
      root = true
    } else if (name === 'revision') revision = xml.content().trim()
    else if (name === 'data') data.push(readData(xml))
    else if (name === 'distro') {
      const cpeid = xml.attribute('cpeid') ?? ''
      distros.push({ cpeid, name: xml.content().trim() })
    } else if (name !== 'tags') xml.skip()
  }
  return { revision, data, distros }
}

function readData(xml: XmlReader): RepomdData {
  const type = xml.attribute('type')
  if (type === undefined || type === '') throw xml.malformed('<data> has no type')
  let checksum: RepomdChecksum | undefined
  let openChecksum: RepomdChecksum | undefined
  let href: string | undefined
  let timestamp = 0
  let size: number | undefined
  let openSize: number | undefined
  for (let event = xml.next(); event !== 'close'; event = xml.next()) {
    if (event === 'text') continue
    const name = xml.name()
    if (name === 'checksum') checksum = readChecksum(xml)
    else if (name === 'open-checksum') openChecksum = readChecksum(xml)
    else if (name === 'timestamp') timestamp = readWhole(xml, name)
    else if (name === 'size') size = readWhole(xml, name)
    else if (name === 'open-size') openSize = readWhole(xml, name)
    else if (name === 'location') {
      href = readHref(xml)
      xml.skip()
    } else xml.skip()
  }
  if (checksum === undefined) throw xml.malformed(`<data type="${type}"> has no checksum`)
  if (href === undefined) throw xml.malformed(`<data type="${type}"> has no location`)
  return {
    type,
    checksum,
    ...(openChecksum === undefined ? {} : { openChecksum }),
    href,
    timestamp,
    ...(size === undefined ? {} : { size }),
    ...(openSize === undefined ? {} : { openSize }),
  }
}

/** The `href` of a `<location>` just opened: a path that stays below the repository's base. @throws REPOSITORY_MALFORMED */
export function readHref(xml: XmlReader): string {
  const href = xml.attribute('href')
  if (href === undefined) throw xml.malformed('<location> has no href')
  const base = xml.attribute('xml:base')
  if (base !== undefined && base !== '') throw xml.malformed(`the location lies elsewhere, at ${base}`)
  const path = confinedPath(href)
  if (path === undefined || path === '') throw xml.malformed(`the path "${href}" leads outside the repository`)
  return path
}

/** A `<checksum>` just opened, read to its end. @throws REPOSITORY_MALFORMED */
export function readChecksum(xml: XmlReader): RepomdChecksum {
  const type = xml.attribute('type') ?? ''
  const hex = xml.content().trim()
  const digits = Object.hasOwn(DIGITS, type) ? DIGITS[type] : undefined
  if (digits === undefined) throw xml.malformed(`"${type}" is no type of checksum`)
  if (hex.length !== digits || !/^[0-9a-f]+$/.test(hex)) throw xml.malformed(`"${hex.slice(0, 140)}" is no ${type}`)
  return { type, hex }
}

/** A number of bytes or seconds; some tools write the latter with a fraction. */
function readWhole(xml: XmlReader, name: string): number {
  const text = xml.content().trim()
  if (!/^\d{1,15}(?:\.\d+)?$/.test(text)) throw xml.malformed(`"${text.slice(0, 40)}" is no ${name}`)
  return Math.floor(Number(text))
}

/** repomd.xml's text, in createrepo_c's own form. */
export function renderRepomd({ revision, data, distros }: Repomd): string {
  const tags =
    distros.length === 0
      ? ''
      : `  <tags>\n${distros.map(({ cpeid, name }) => `    <distro${cpeid === '' ? '' : ` cpeid="${escapeAttribute(cpeid)}"`}>${escapeText(name)}</distro>\n`).join('')}  </tags>\n`
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">\n' +
    `  <revision>${escapeText(revision)}</revision>\n${tags}${data.map(renderData).join('')}</repomd>\n`
  )
}

function renderData({ type, checksum, openChecksum, href, timestamp, size, openSize }: RepomdData): string {
  return [
    `  <data type="${escapeAttribute(type)}">`,
    `    <checksum type="${checksum.type}">${checksum.hex}</checksum>`,
    ...(openChecksum === undefined
      ? []
      : [`    <open-checksum type="${openChecksum.type}">${openChecksum.hex}</open-checksum>`]),
    `    <location href="${escapeAttribute(href)}"/>`,
    `    <timestamp>${timestamp}</timestamp>`,
    ...(size === undefined ? [] : [`    <size>${size}</size>`]),
    ...(openSize === undefined ? [] : [`    <open-size>${openSize}</open-size>`]),
    '  </data>\n',
  ].join('\n')
}
