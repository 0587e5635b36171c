import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { describe, expect, it } from 'vitest'
import { diffImages } from '../diff/diff-images.ts'
import { storeImage, type SyntheticImage } from '../diff/testing/synthetic-image.ts'
import { temporaryDirectory } from '../diff/testing/temporary.ts'
import { defaultHazardRules } from './default-rules.ts'
import { unnamedHazards } from './find-hazards.ts'
import { type HazardRule, readHazardRules } from './rule.ts'

const directory = temporaryDirectory()
const store = openStore(join(directory, 'store'))

function diffOf(before: SyntheticImage, after: SyntheticImage, hazardRules: readonly HazardRule[] = []) {
  return diffImages(store, storeImage(store, before), storeImage(store, after), { hazardRules }).diff
}

const version = (name: string, value: string, files: Readonly<Record<string, string>> = {}): SyntheticImage => ({
  packages: [{ name, version: value, files }],
})
const etc = (path: string, text: string): SyntheticImage => ({ files: { [path]: text } })
/** The same image with a package beside. */
const besides = (image: SyntheticImage, name: string, value: string): SyntheticImage => ({
  ...image,
  packages: [{ name, version: value }],
})
const library = (owner: string): SyntheticImage => ({
  packages: [
    {
      name: 'libc6',
      version: '2.31-1',
      files: owner === 'libc6' ? { 'usr/lib/x86_64-linux-gnu/libcrypt.so.1': 'x' } : {},
    },
    ...(owner === 'libcrypt1'
      ? [{ name: 'libcrypt1', version: '4.4', files: { 'usr/lib/x86_64-linux-gnu/libcrypt.so.1': 'y' } }]
      : []),
  ],
})
const init = (target: string): SyntheticImage => ({
  files: { 'usr/sbin/init': { link: target }, 'usr/lib/systemd/systemd': 'x', 'usr/lib/sysvinit/init': 'y' },
})
const ping = (mode: number): SyntheticImage => ({ files: { 'usr/bin/ping': { content: 'x', mode } } })
const bond = (text: string) => etc('etc/systemd/network/bond0.netdev', `[NetDev]\nName=bond0\nKind=bond\n${text}`)
const bridge = (ports: number) =>
  etc(
    'etc/network/interfaces',
    `auto br0\niface br0 inet manual\n  bridge_ports ${Array.from({ length: ports }, (_, port) => `vnet${port}`).join(' \\\n    ')}\n`,
  )
const modules = (kernel: string): SyntheticImage => ({
  files: { [`usr/lib/modules/${kernel}/modules.dep`]: '', lib: { link: 'usr/lib' } },
})
const fstab = (options: string) => etc('etc/fstab', `# nfs\nfiler:/home /home nfs ${options} 0 0\n`)
const features = (words: string) =>
  etc(
    'etc/mke2fs.conf',
    `[defaults]\n\tbase_features = sparse_super\n[fs_types]\n\text4 = {\n\t\tfeatures = ${words}\n\t}\n`,
  )

type Pair = readonly [before: SyntheticImage, after: SyntheticImage]

/** For each rule that is shipped: pairs that make it hold, what its evidence names, and pairs that look alike and do not. */
const cases: Readonly<
  Record<string, { readonly holds: readonly (readonly [...Pair, string])[]; readonly not: readonly Pair[] }>
> = {
  collation: {
    holds: [
      [version('glibc', '2.36-9'), version('glibc', '2.41-1'), 'glibc 2.36-9 becomes 2.41-1'],
      [version('icu', '72.1-3'), version('icu', '76.1-1'), 'icu 72.1-3 becomes 76.1-1'],
    ],
    not: [[version('glibc', '2.36-9'), version('glibc', '2.36-9+deb12u9')]],
  },
  libcrypt: {
    holds: [[library('libc6'), library('libcrypt1'), 'libcrypt.so.1: package:libc6 becomes package:libcrypt1']],
    not: [[library('libcrypt1'), { ...library('libcrypt1'), files: { x: 'x' } }]],
  },
  'openssl-major': {
    holds: [
      [version('openssl', '1.1.1n-1'), version('openssl', '3.0.2-1'), 'openssl 1.1.1n-1 becomes 3.0.2-1'],
      [version('openssl', '1.0.2u-1'), version('openssl', '1.1.1n-1'), 'openssl 1.0.2u-1 becomes 1.1.1n-1'],
    ],
    not: [[version('openssl', '3.0.2-1'), version('openssl', '3.0.17-1')]],
  },
  'kernel-abi': {
    holds: [
      [version('linux', '6.1.9-1'), version('linux', '6.12.1-1'), 'linux 6.1.9-1 becomes 6.12.1-1'],
      [modules('6.1.0-30-amd64'), modules('6.1.0-31-amd64'), 'modules of 6.1.0-30-amd64 go; there are 6.1.0-31-amd64'],
    ],
    not: [[version('linux', '6.1.9-1'), version('linux', '6.1.10-1')]],
  },
  'account-ids': {
    holds: [
      [etc('etc/passwd', 'db:x:105:110::/:\n'), etc('etc/passwd', 'db:x:107:110::/:\n'), 'user db: 105 becomes 107'],
      [etc('etc/group', 'old:x:50:\n'), etc('etc/group', 'new:x:50:\n'), "group new gets 50, which was old's"],
      [
        { files: { 'var/lib/db': { content: '', uid: 105, gid: 1 } } },
        { files: { 'var/lib/db': { content: '', uid: 107, gid: 1 } } },
        '/var/lib/db: 105:1 becomes 107:1',
      ],
    ],
    not: [[etc('etc/passwd', 'db:x:105:110::/:\n'), etc('etc/passwd', 'db:x:105:110:Name:/:\nnew:x:106:1::/:\n')]],
  },
  'setuid-helper': {
    holds: [
      [ping(0o4755), ping(0o755), '/usr/bin/ping is no longer setuid root'],
      [ping(0o4755), {}, '/usr/bin/ping goes'],
    ],
    not: [
      [
        { files: { 'bin/su': { content: 'x', mode: 0o4755 } } },
        { files: { 'usr/bin/su': { content: 'x', mode: 0o4755 } } },
      ],
      [ping(0o755), ping(0o4755)],
    ],
  },
  'init-system': {
    holds: [
      [
        {
          ...init('../lib/systemd/systemd'),
          files: { ...init('../lib/systemd/systemd').files, sbin: { link: 'usr/sbin' } },
        },
        {
          ...init('/usr/lib/sysvinit/init'),
          files: { ...init('/usr/lib/sysvinit/init').files, sbin: { link: 'usr/sbin' } },
        },
        '/sbin/init: /usr/lib/systemd/systemd (spec) becomes /usr/lib/sysvinit/init (spec)',
      ],
    ],
    not: [
      [
        { files: { ...init('/usr/lib/systemd/systemd').files, sbin: { link: 'usr/sbin' } } },
        { files: { ...init('../lib/systemd/systemd').files, sbin: { link: '/usr/sbin' } } },
      ],
    ],
  },
  'file-system-features': {
    holds: [
      [version('e2fsprogs', '1.46.6-1'), version('e2fsprogs', '1.47.0-2'), 'e2fsprogs 1.46.6-1 becomes 1.47.0-2'],
      [
        features('has_journal,extent'),
        features('has_journal,extent,orphan_file'),
        '/etc/mke2fs.conf, ext4 features: extent has_journal becomes extent has_journal orphan_file',
      ],
    ],
    not: [[features('has_journal,extent'), features('extent, has_journal')]],
  },
  'bond-mac': {
    holds: [
      [{}, bond(''), 'bond0 in /etc/systemd/network/bond0.netdev'],
      [
        besides(bond(''), 'systemd', '241-7'),
        besides(bond(''), 'systemd', '252.1-1'),
        'bond0 in /etc/systemd/network/bond0.netdev',
      ],
      [
        {},
        etc('etc/network/interfaces', 'iface bond1 inet dhcp\n  bond-slaves eth0 eth1\n'),
        'bond1 in /etc/network/interfaces',
      ],
    ],
    not: [
      [{}, bond('MACAddress=02:00:00:00:00:01\n')],
      [besides(bond(''), 'x', '1'), besides(bond(''), 'x', '2')],
      [{}, etc('etc/network/interfaces', 'iface bond1 inet dhcp\n  bond-slaves eth0\n  hwaddress 02:00:00:00:00:01\n')],
    ],
  },
  'bridge-ports': { holds: [[bridge(1023), bridge(1024), 'br0 has 1024 ports']], not: [[bridge(2), bridge(1023)]] },
  'nfs-retries': {
    holds: [
      [{}, fstab('rw,timeo=600'), '/home from filer:/home in /etc/fstab'],
      [{}, etc('etc/systemd/system/home.mount', '[Mount]\nWhat=f:/h\nWhere=/home\nType=nfs4\n'), '/home from f:/h in'],
    ],
    not: [
      [{}, fstab('rw,timeo=600,retrans=5')],
      [{}, fstab('proto=udp')],
      [{}, etc('etc/fstab', '#filer:/home /home nfs rw 0 0\n/dev/sda1 / ext4 rw 0 1\n')],
    ],
  },
}

describe.each(defaultHazardRules.map((rule) => [rule.id, rule] as const))('the hazard %s', (id) => {
  const { holds, not } = cases[id] ?? { holds: [], not: [] }

  it('holds where it should, with evidence', () => {
    expect(holds.length).toBeGreaterThan(0)
    for (const [before, after, evidence] of holds) {
      const hazard = diffOf(before, after).hazards.find((one) => one.id === id)
      expect(hazard?.evidence.join('\n'), JSON.stringify([before, after])).toContain(evidence)
    }
  })

  it('does not hold for what looks alike', () => {
    expect(not.length).toBeGreaterThan(0)
    for (const [before, after] of not) {
      const diff = diffOf(before, after)
      expect(diff.hazards.map((one) => one.id)).not.toContain(id)
      expect(diff.files.length + diff.packages.length).toBeGreaterThan(0)
    }
  })
})

describe('rules of a distribution', () => {
  it('come first, take the place of those that are shipped, and are refused where they are malformed', () => {
    const distribution = join(directory, 'distribution')
    mkdirSync(join(distribution, 'hazards'), { recursive: true })
    const rule = (text: string) => writeFileSync(join(distribution, 'hazards/a.yaml'), text)
    rule('id: openssl-major\ntitle: Ours\nhappens: x\ntodo: y\ncrosses: [{ packages: [openssl], at: 3.0.5-1 }]\n')
    const rules = readHazardRules(distribution)
    const [hazard, ...others] = diffOf(version('openssl', '3.0.2-1'), version('openssl', '3.0.5-1'), rules).hazards
    expect(hazard).toMatchObject({ id: 'openssl-major', title: 'Ours', evidence: ['openssl 3.0.2-1 becomes 3.0.5-1'] })
    expect(others).toEqual([])
    expect(diffOf(version('openssl', '1.1.1-1'), version('openssl', '3.0.2-1'), rules).hazards).toEqual([])
    for (const text of [
      'id: x\n',
      'id: x\ntitle: t\nhappens: h\ntodo: t\n',
      'id: x\ntitle: t\nhappens: h\ntodo: t\nfact: moon\n',
    ]) {
      rule(text)
      expect(() => readHazardRules(distribution)).toThrow(expect.objectContaining({ code: 'YAML_SCHEMA' }))
    }
    expect(readHazardRules(join(directory, 'nowhere'))).toEqual([])
  })
})

describe('unnamedHazards', () => {
  it('are those whose id nobody gave', () => {
    const diff = diffOf(
      { packages: [...(version('glibc', '2.31-1').packages ?? []), ...(version('openssl', '1.1.1-1').packages ?? [])] },
      { packages: [...(version('glibc', '2.36-1').packages ?? []), ...(version('openssl', '3.0.1-1').packages ?? [])] },
    )
    expect(unnamedHazards(diff, []).map(({ id }) => id)).toEqual(['collation', 'openssl-major'])
    expect(unnamedHazards(diff, ['openssl-major']).map(({ id }) => id)).toEqual(['collation'])
    expect(unnamedHazards(diff, ['collation', 'openssl-major', 'other'])).toEqual([])
  })
})
