import type { PackageChange } from '../types.ts'
import type { Concern } from './risk.ts'

/** A package's change before it is weighed. */
export type BarePackageChange = Omit<PackageChange, 'risk' | 'reasons' | 'changelog'>

/** What a security upload looks like in a changelog. */
export interface UploadFacts {
  readonly distributions: readonly string[]
  readonly urgencies: readonly string[]
}

/** Source packages whose failure takes the machine, or every login, with it. `series`: how many numbers of a version name a stable series. */
const VITAL: readonly { readonly source: RegExp; readonly what: string; readonly series: number }[] = [
  {
    source: /^(linux|linux-signed-[a-z0-9]+|linux-latest|linux-lts|kernel|kernel-core)$/,
    what: 'the kernel',
    series: 2,
  },
  { source: /^glibc$/, what: 'the C library', series: 2 },
  { source: /^(systemd|sysvinit|init-system-helpers)$/, what: 'the init system', series: 1 },
  { source: /^(openssl|gnutls28)$/, what: 'the TLS library', series: 2 },
  {
    source: /^(grub2|grub-efi-[a-z0-9-]+signed|shim|shim-signed|initramfs-tools|dracut)$/,
    what: 'the boot chain',
    series: 2,
  },
  { source: /^(pam|shadow|sudo|libxcrypt|openssh)$/, what: 'logins', series: 2 },
  { source: /^(dpkg|apt|rpm|dnf|libdnf|pacman|xbps)$/, what: 'the package manager', series: 2 },
]

const URGENT = new Set(['high', 'emergency', 'critical'])

/** What a source package is a part of whose failure takes the machine, or every login, with it: `the C library`. */
export function vitalPart(source: string): string | undefined {
  return VITAL.find((one) => one.source.test(source))?.what
}

/** Everything a reviewer should know of one package's change, in words. */
export function packageConcerns(change: BarePackageChange, uploads: UploadFacts): Concern[] {
  const concerns = [...changeConcerns(change), ...vitalConcerns(change), ...securityConcerns(change, uploads)]
  return concerns.length > 0 ? concerns : [{ risk: 'low', reason: 'a newer version' }]
}

function* changeConcerns({ change, from, to, cves }: BarePackageChange): Generator<Concern> {
  switch (change) {
    case 'added':
      yield { risk: 'low', reason: 'a new package' }
      break
    case 'removed':
      yield { risk: 'medium', reason: 'the package goes' }
      break
    case 'downgraded':
      yield { risk: 'high', reason: 'an older version' }
      if (cves.length > 0) yield { risk: 'high', reason: `brings back ${count(cves.length, 'CVE')} that were fixed` }
      break
    case 'rebuilt':
      yield { risk: 'medium', reason: 'the same version with other bytes' }
      break
    case 'upgraded': {
      const [old, next] = [seriesOf(from, 1), seriesOf(to, 1)]
      if (old !== next) yield { risk: 'medium', reason: `a new major version: ${old} becomes ${next}` }
    }
  }
}

function* vitalConcerns({ change, source, from, to }: BarePackageChange): Generator<Concern> {
  const vital = VITAL.find((one) => one.source.test(source))
  if (!vital) return
  const [old, next] = [seriesOf(from, vital.series), seriesOf(to, vital.series)]
  if (change === 'upgraded' && old !== next)
    yield { risk: 'high', reason: `${vital.what} moves from ${old} to ${next}` }
  else if (change === 'removed') yield { risk: 'high', reason: `part of ${vital.what} goes` }
  else yield { risk: 'medium', reason: `part of ${vital.what}` }
}

function* securityConcerns({ change, cves }: BarePackageChange, uploads: UploadFacts): Generator<Concern> {
  if (change === 'downgraded') return
  if (cves.length > 0) yield { risk: 'medium', reason: `fixes ${count(cves.length, 'CVE')}` }
  const suite = uploads.distributions.find((name) => /-security\b/.test(name))
  if (suite !== undefined) yield { risk: 'medium', reason: `a security upload (${suite})` }
  const urgency = uploads.urgencies.find((word) => URGENT.has(word))
  if (urgency !== undefined) yield { risk: 'medium', reason: `uploaded with urgency ${urgency}` }
}

/** The first numbers of a version without its epoch: `1:9.2p1-2` → `9` or `9.2`. A changed epoch alone is no new series. */
function seriesOf(version: string | undefined, numbers: number): string {
  const upstream = (version ?? '').replace(/^\d+:/, '').replace(/-[^-]*$/, '')
  return upstream.match(/\d+/g)?.slice(0, numbers).join('.') ?? upstream
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
