import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Compression, formats, type FormatName, type PackageToWrite } from '../../packages/formats/src/index.ts'
import { agentVersion } from './executable.ts'
import { packagingFile, payloadOf } from './payload.ts'
import type { Target } from './runtimes.ts'

const NAME = 'holotype-agent'
const SUMMARY = 'keeps a machine at the image its channel names'
const DESCRIPTION = `It pulls signed static files, makes the root equal to the image, repairs what was damaged, leaves alone what is excluded, runs
triggers for what changed, and reports.`
/** Who stands in packages that nobody put a name to. */
const NOBODY = 'Holotype <holotype@localhost>'
/** As dpkg wants it (Debian Policy 5.6.2): a name, and a mail address in angle brackets. In a name no comma, which would begin another person. */
const MAINTAINER = /^[^\p{Cc}<>(),]*[^\p{Cc}<>(),\s] <[^\p{Cc}<>@,\s]+@[^\p{Cc}<>@,\s]+>$/u

/** What formats call the processors; musl's executables go into packages of the one format that has repositories for it. */
const ARCHITECTURES: Readonly<Record<Target, Readonly<Partial<Record<FormatName, string>>>>> = {
  x64: { deb: 'amd64', rpm: 'x86_64', alpm: 'x86_64', xbps: 'x86_64' },
  arm64: { deb: 'arm64', rpm: 'aarch64', alpm: 'aarch64', xbps: 'aarch64' },
  'x64-musl': { xbps: 'x86_64-musl' },
  'arm64-musl': { xbps: 'aarch64-musl' },
}

export interface AgentPackages {
  readonly executable: string
  readonly target: Target
  /** Where the packages go; made if it is not there. */
  readonly directory: string
  /** Seconds since the epoch that everything in them is dated. */
  readonly epoch: number
  /** Who answers for the packages: `Name <mail@example.org>`; absent: nobody that can be reached. */
  readonly maintainer?: string
  /** Absent: zst, which every format's tools of the last years read. */
  readonly compression?: Compression
}

/**
 * Writes the agent as packages of the formats that its target has, and gives their paths.
 * @throws PACKAGE_UNWRITABLE, DISK_FULL; Error when the maintainer has another form
 */
export async function writePackages(options: AgentPackages): Promise<Partial<Record<FormatName, string>>> {
  const { executable, target, directory, epoch, maintainer = NOBODY, compression = 'zst' } = options
  if (!MAINTAINER.test(maintainer)) throw new Error(`a maintainer is 'Name <mail@example.org>', not '${maintainer}'`)
  mkdirSync(directory, { recursive: true })
  const version = agentVersion()
  const paths: Partial<Record<FormatName, string>> = {}
  for (const format of ['deb', 'alpm', 'rpm', 'xbps'] as const) {
    const architecture = ARCHITECTURES[target][format]
    if (architecture === undefined) continue
    const path = join(directory, fileNameOf(format, version, architecture))
    const payload = payloadOf(format, executable, epoch)
    const size = payload.reduce((sum, member) => sum + member.size, 0)
    const facts = { architecture, version, size, epoch, maintainer, musl: target.endsWith('-musl') }
    await formats[format].writePackage(path, { ...CONTENT[format](facts), payload, epoch, compression })
    paths[format] = path
  }
  return paths
}

function fileNameOf(format: FormatName, version: string, architecture: string): string {
  switch (format) {
    case 'deb':
      return `${NAME}_${version}-1_${architecture}.deb`
    case 'alpm':
      return `${NAME}-${version}-1-${architecture}.pkg.tar.zst`
    case 'rpm':
      return `${NAME}-${version}-1.${architecture}.rpm`
    case 'xbps':
      return `${NAME}-${version}_1.${architecture}.xbps`
  }
}

interface Facts {
  readonly architecture: string
  readonly version: string
  /** Bytes installed. */
  readonly size: number
  readonly epoch: number
  readonly maintainer: string
  readonly musl: boolean
}

type Content = Pick<PackageToWrite, 'fields' | 'control'>

/** The oldest C library that has all symbols of the runtime. */
const GLIBC = '2.17'

/** Beside the C library the agent starts `tar` and `setfattr` (attr), for extended attributes, and programs of coreutils. */
const CONTENT: Readonly<Record<FormatName, (facts: Facts) => Content>> = {
  deb: ({ architecture, version, size, maintainer }) => ({
    fields: [
      ['Package', NAME],
      ['Version', `${version}-1`],
      ['Architecture', architecture],
      ['Maintainer', maintainer],
      ['Installed-Size', String(Math.ceil(size / 1024))],
      ['Depends', `libc6 (>= ${GLIBC}), attr`],
      ['Section', 'admin'],
      ['Priority', 'optional'],
      ['Description', `${SUMMARY}\n ${DESCRIPTION.replaceAll('\n', '\n ')}`],
    ],
    control: new Map(['postinst', 'prerm'].map((name) => [name, { bytes: packagingFile(name), mode: 0o755 }])),
  }),
  alpm: ({ architecture, version, size, epoch, maintainer }) => ({
    fields: [
      ['pkgname', NAME],
      ['pkgbase', NAME],
      ['pkgver', `${version}-1`],
      ['pkgdesc', SUMMARY],
      ['builddate', String(epoch)],
      ['packager', maintainer],
      ['size', String(size)],
      ['arch', architecture],
      ['license', 'Apache-2.0'],
      ...[`glibc>=${GLIBC}`, 'coreutils', 'tar', 'attr'].map((one) => ['depend', one] as const),
    ],
    control: new Map([['.INSTALL', { bytes: packagingFile('alpm.install'), mode: 0o644 }]]),
  }),
  rpm: ({ architecture, version, maintainer }) => ({
    fields: [
      ['NAME', NAME],
      ['VERSION', version],
      ['RELEASE', '1'],
      ['ARCH', architecture],
      ['SUMMARY', SUMMARY],
      ['DESCRIPTION', DESCRIPTION],
      ['PACKAGER', maintainer],
      ['GROUP', 'System Environment/Base'],
      ['LICENSE', 'Apache-2.0 AND MIT AND LGPL-2.0-or-later AND BSD-2-Clause'],
      ...[`libc.so.6(GLIBC_${GLIBC})(64bit)`, 'coreutils', 'tar', 'attr', '/bin/sh'].map(
        (one) => ['REQUIRES', one] as const,
      ),
      ['POSTIN', rpmScript('postinst', '[ "$1" -gt 1 ] && set -- configure upgrade || set -- configure')],
      ['POSTINPROG', '/bin/sh'],
      ['PREUN', rpmScript('prerm', '[ "$1" -eq 0 ] && set -- remove || set -- upgrade')],
      ['PREUNPROG', '/bin/sh'],
    ],
    control: new Map(),
  }),
  xbps: ({ architecture, version, maintainer, musl }) => ({
    fields: [
      ['pkgver', `${NAME}-${version}_1`],
      ['architecture', architecture],
      ['short_desc', SUMMARY],
      ['long_desc', DESCRIPTION],
      ['maintainer', maintainer],
      ['license', 'Apache-2.0, MIT, LGPL-2.0-or-later, BSD-2-Clause'],
      ...(musl
        ? ['musl>=1.2.3_1', 'libstdc++>=12_1', 'coreutils>=0', 'tar>=0', 'attr-progs>=0']
        : [`glibc>=${GLIBC}_1`, 'coreutils>=0', 'tar>=0', 'attr-progs>=0']
      ).map((one) => ['run_depends', one] as const),
    ],
    control: new Map(),
  }),
}

/** One script for two formats: rpm calls it with the number of instances there will be, dpkg with what happens. */
function rpmScript(name: string, translate: string): string {
  return packagingFile(name).toString().replace('#!/bin/sh\n', `${translate}\n`)
}
