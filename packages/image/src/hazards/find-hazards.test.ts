import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { describe, expect, it } from 'vitest'
import { diffImages } from '../diff/diff-images.ts'
import { storeImage, type SyntheticImage } from '../diff/testing/synthetic-image.ts'
import { temporaryDirectory } from '../diff/testing/temporary.ts'
import { defaultHazardRules } from './default-rules.ts'
import { unnamedHazards } from './find-hazards.ts'
import { RULE_FILES } from './limits.ts'
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
const ports = (count: number, file: (port: string) => readonly [path: string, text: string]): SyntheticImage => ({
  files: Object.fromEntries(Array.from({ length: count }, (_, port) => file(`vnet${port}`))),
})
const networkdBridge = (count: number) =>
  ports(count, (port) => [`etc/systemd/network/${port}.network`, `[Match]\nName=${port}\n[Network]\nBridge=br0\n`])
const ifcfgBridge = (count: number) =>
  ports(count, (port) => [`etc/sysconfig/network-scripts/ifcfg-${port}`, 'TYPE=Ethernet\nBRIDGE="br0"\n'])
/** Every other port names its bridge by the connection. */
const keyfileBridge = (count: number): SyntheticImage => ({
  files: {
    'etc/NetworkManager/system-connections/bridge.nmconnection':
      '[connection]\nuuid=11-22\ntype=bridge\ninterface-name=br0\n',
    ...ports(count, (port) => [
      `etc/NetworkManager/system-connections/${port}.nmconnection`,
      port.endsWith('1')
        ? `[connection]\ninterface-name=${port}\nmaster=br0\nslave-type=bridge\n`
        : `[connection]\ninterface-name=${port}\ncontroller=11-22\nport-type=bridge\n`,
    ]).files,
  },
})
const netplan = (network: string) => etc('etc/netplan/50-acme.yaml', `network:\n  ${network}\n`)
const netplanBridge = (count: number) =>
  netplan(`bridges: { br0: { interfaces: [${Array.from({ length: count }, (_, port) => `vnet${port}`).join(', ')}] } }`)
const ifcfg = (texts: Readonly<Record<string, string>>): SyntheticImage => ({
  files: Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [`etc/sysconfig/network-scripts/ifcfg-${name}`, text]),
  ),
})
const keyfile = (text: string) => etc('etc/NetworkManager/system-connections/b.nmconnection', text)
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
      [modules('6.1.0-30-amd64'), {}, 'modules of 6.1.0-30-amd64 go; there are none any more'],
      [
        { files: { 'boot/vmlinuz-6.1': 'x', vmlinuz: { link: 'boot/vmlinuz-6.1' } } },
        // The link leads nowhere any more.
        { files: { vmlinuz: { link: 'boot/vmlinuz-6.1' } } },
        '/vmlinuz, /boot/vmlinuz-6.1 goes: there is no kernel any more',
      ],
    ],
    not: [
      [version('linux', '6.1.9-1'), version('linux', '6.1.10-1')],
      [{ files: { 'boot/vmlinuz-1': 'x' } }, { files: { 'boot/vmlinuz-2': 'y', vmlinuz: { link: 'boot/vmlinuz-2' } } }],
      [{}, modules('6.1.0-31-amd64')],
    ],
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
  'agent-gone': {
    holds: [
      [
        version('holotype-agent', '0.1.0-1', { 'usr/bin/holotype-agent': 'x' }),
        {},
        '/usr/bin/holotype-agent (package:holotype-agent) goes',
      ],
      [
        version('holotype-agent', '0.1.0-1', { 'usr/bin/holotype-agent': 'x' }),
        version('holotype-agent', '0.2.0-1', { 'opt/holotype-agent': 'x' }),
        '/usr/bin/holotype-agent (package:holotype-agent) goes',
      ],
    ],
    not: [
      [
        version('holotype-agent', '0.1.0-1', { 'usr/bin/holotype-agent': 'x' }),
        version('acme-agent', '1', { 'usr/bin/holotype-agent': 'y' }),
      ],
      [{}, version('holotype-agent', '0.1.0-1', { 'usr/bin/holotype-agent': 'x' })],
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
      [{}, bond('MACAddress=none\n'), 'bond0 in /etc/systemd/network/bond0.netdev'],
      [{}, bond('MACAddress=02:00:00:00:00:01\nMACAddress=none\n'), 'bond0 in'],
      [
        {},
        etc('etc/network/interfaces', 'iface b inet dhcp\n  bond-mode 1\n  hwaddress random\n'),
        'b in /etc/network',
      ],
      [{}, netplan('bonds: { bond0: { interfaces: [eth0] } }'), 'bond0 in /etc/netplan/50-acme.yaml'],
      [{}, netplan('bonds: { bond0: null }'), 'bond0 in /etc/netplan/50-acme.yaml'],
      [{}, ifcfg({ bond0: 'TYPE=Bond\n' }), 'bond0 in /etc/sysconfig/network-scripts/ifcfg-bond0'],
      [{}, keyfile('[connection]\ntype=bond\n[ethernet]\ncloned-mac-address=stable\n'), 'b.nmconnection in'],
    ],
    not: [
      [{}, netplan('bonds: { bond0: { interfaces: [eth0], macaddress: 02:00:00:00:00:01 } }')],
      [
        {},
        {
          files: {
            'etc/netplan/1.yaml': 'network: { bonds: { b: { interfaces: [eth0] } } }\n',
            'etc/netplan/2.yaml': "network: { bonds: { b: { macaddress: '02:00:00:00:00:01' } } }\n",
            'etc/netplan/broken.yaml': 'network: [\n',
          },
        },
      ],
      [{}, ifcfg({ bond0: "TYPE=Bond\nMACADDR='02:00:00:00:00:01'\n" })],
      [{}, keyfile('[connection]\ntype=bond\n[ethernet]\ncloned-mac-address=02:00:00:00:00:01\n')],
      [{}, bond('MACAddress=02:00:00:00:00:01\n')],
      [besides(bond(''), 'x', '1'), besides(bond(''), 'x', '2')],
      [{}, etc('etc/network/interfaces', 'iface bond1 inet dhcp\n  bond-slaves eth0\n  hwaddress 02:00:00:00:00:01\n')],
    ],
  },
  'bridge-ports': {
    holds: [
      [bridge(1023), bridge(1024), 'br0 has 1024 ports'],
      ...[networkdBridge, ifcfgBridge, keyfileBridge, netplanBridge].map(
        (of) => [of(1023), of(1024), 'br0 has 1024 ports'] as const,
      ),
    ],
    not: [
      [bridge(2), bridge(1023)],
      // A port said twice is one; ports of a bond are none of a bridge.
      [{}, { files: { ...ifcfgBridge(1023).files, 'etc/sysconfig/network-scripts/x': 'DEVICE=vnet1\nBRIDGE=br0\n' } }],
      [{}, ports(1024, (port) => [`etc/sysconfig/network-scripts/ifcfg-${port}`, 'MASTER=br0\nSLAVE=yes\n'])],
    ],
  },
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
      expect(hazard?.evidence.join('\n'), JSON.stringify([before, after]).slice(0, 400)).toContain(evidence)
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

  it('are all read, or the folder is refused', () => {
    const distribution = join(directory, 'many')
    const put = (name: string) =>
      writeFileSync(join(distribution, 'hazards', name), `id: x\ntitle: t\nhappens: h\ntodo: t\nfact: init-replaced\n`)
    mkdirSync(join(distribution, 'hazards'), { recursive: true })
    for (let number = 0; number < RULE_FILES; number++) put(`${number}.yaml`)
    put('.a.yaml.swp')
    expect(readHazardRules(distribution)).toHaveLength(RULE_FILES)
    const refused = expect.objectContaining({ code: 'HAZARD_FILES', message: expect.stringContaining('hazards/') })
    put('one-more.yaml')
    expect(() => readHazardRules(distribution)).toThrow(refused)
    rmSync(join(distribution, 'hazards'), { recursive: true })
    mkdirSync(join(distribution, 'hazards'))
    put('x.yml')
    expect(() => readHazardRules(distribution)).toThrow(refused)
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
