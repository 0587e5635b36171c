import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FormatName, formats } from '@holotype/formats'
import { THEN, writeDeb } from './upstream.ts'

/** A small package of any format: `version` is without a release, which is 1. */
export interface SmallPackage {
  readonly name: string
  readonly version: string
  readonly epoch?: number
  /** Of packages that it needs. */
  readonly depends?: readonly string[]
  readonly content?: string
}

/** Writes a package and gives back its path. */
export async function writeSmall(folder: string, format: FormatName, words: SmallPackage): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const { name, version, epoch, depends = [], content = `${name} ${version}` } = words
  const before = epoch === undefined ? '' : `${epoch}:`
  const bytes = Buffer.from(content)
  const path = join(folder, `${name}-${epoch ?? 0}-${version}-${bytes.length}.${format}`)
  const file = { type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: THEN, size: bytes.length, bytes } as const
  const payload = [{ path: `usr/share/${name}`, ...file }]
  switch (format) {
    case 'deb': {
      const needed = depends.length === 0 ? {} : { depends: depends.join(', ') }
      return writeDeb(folder, { name, version: `${before}${version}-1`, content, ...needed })
    }
    case 'rpm':
      await formats.rpm.writePackage(path, {
        fields: [
          ['NAME', name],
          ...(epoch === undefined ? [] : [['EPOCH', String(epoch)] as const]),
          ['VERSION', version],
          ['RELEASE', '1'],
          ['ARCH', 'x86_64'],
          ['SUMMARY', `the package ${name}`],
          ['LICENSE', 'MIT'],
          ...depends.map((one) => ['REQUIRES', one] as const),
        ],
        control: new Map(),
        payload,
        epoch: THEN,
      })
      return path
    case 'alpm':
      await formats.alpm.writePackage(path, {
        fields: [
          ['pkgname', name],
          ['pkgbase', name],
          ['pkgver', `${before}${version}-1`],
          ['pkgdesc', `the package ${name}`],
          ['builddate', String(THEN)],
          ['packager', 'Test <test@example.org>'],
          ['size', String(bytes.length)],
          ['arch', 'x86_64'],
          ...depends.map((one) => ['depend', one] as const),
        ],
        control: new Map(),
        payload,
        epoch: THEN,
      })
      return path
    case 'xbps':
      throw new Error('there is no client of xbps to be had')
  }
}
