import { posix } from 'node:path'
import { isErrorCode, parseYaml } from '@holotype/base'
import { z } from 'zod'
import { filesIn, readConfiguration, type Sides } from '../sides.ts'

type Store = Sides['store']
type Image = Sides['after']

/** What the configuration of an image's network says, in whichever form. */
export interface Links {
  readonly bonds: readonly { readonly name: string; readonly path: string; readonly hasMac: boolean }[]
  /** Each that becomes a port of a bridge. */
  readonly ports: readonly { readonly bridge: string; readonly port: string }[]
}

/** Bonds and ports of systemd.netdev(5) and systemd.network(5), interfaces(5), ifcfg files, NetworkManager's keyfiles and netplan(5). */
export function linksOf(store: Store, image: Image): Links {
  const all = [networkd, interfaces, ifcfg, keyfiles, netplan].map((read) => read(store, image))
  return { bonds: all.flatMap(({ bonds }) => bonds), ports: all.flatMap(({ ports }) => ports) }
}

/** An address, and no word (`none`, `random`, `stable`) for one that is made up at each start. */
const MAC = /^(ether\s+)?["']?[0-9a-f]{2}([:.-]?[0-9a-f]{2}){5}\b/i

const NETWORKD = ['/etc/systemd/network', '/usr/local/lib/systemd/network', '/usr/lib/systemd/network']

function networkd(store: Store, image: Image): Links {
  const bonds = filesIn(store, image, { folders: NETWORKD, ends: '.netdev' })
    .filter(({ text }) => valueOf(text, 'Kind') === 'bond')
    .map(({ path, text }) => ({ name: valueOf(text, 'Name') ?? 'a bond', path, hasMac: hasMac(text, 'MACAddress') }))
  const ports = filesIn(store, image, { folders: NETWORKD, ends: '.network' }).flatMap(({ text }) => {
    const bridge = valueOf(text, 'Bridge')
    return bridge === undefined ? [] : valuesOf(text, 'Name').flatMap((names) => portsOf(bridge, names))
  })
  return { bonds, ports }
}

function interfaces(store: Store, image: Image): Links {
  const stanzas = interfaceStanzas(store, image)
  const bonds = stanzas
    .filter(({ text }) => /^\s*bond[-_](slaves|mode)\s/m.test(text))
    .map(({ name, path, text }) => ({ name, path, hasMac: MAC.test(/^\s*hwaddress\s+(.*)$/m.exec(text)?.[1] ?? '') }))
  const ports = stanzas.flatMap(({ name, text }) =>
    [...text.matchAll(/^\s*bridge[-_]ports\s(.*)$/gm)].flatMap(([, names]) => portsOf(name, names)),
  )
  return { bonds, ports }
}

function ifcfg(store: Store, image: Image): Links {
  const files = filesIn(store, image, { folders: ['/etc/sysconfig/network-scripts'], ends: '' }).map(
    ({ path, text }) => ({ path, text, name: valueOf(text, 'DEVICE') ?? posix.basename(path).replace(/^ifcfg-/, '') }),
  )
  const bonds = files
    .filter(({ text }) => /^(TYPE=["']?Bond|BONDING_MASTER=["']?yes)/im.test(text))
    .map(({ name, path, text }) => ({ name, path, hasMac: hasMac(text, 'MACADDR') }))
  const ports = files.flatMap(({ name: port, text }) => {
    const bridge = valueOf(text, 'BRIDGE')
    return bridge === undefined ? [] : [{ bridge, port }]
  })
  return { bonds, ports }
}

function keyfiles(store: Store, image: Image): Links {
  const files = filesIn(store, image, {
    folders: ['/etc/NetworkManager/system-connections', '/usr/lib/NetworkManager/system-connections'],
    ends: '.nmconnection',
  }).map(({ path, text }) => ({ path, text, name: valueOf(text, 'interface-name') ?? posix.basename(path) }))
  const bonds = files
    .filter(({ text }) => valueOf(text, 'type') === 'bond')
    .map(({ name, path, text }) => ({ name, path, hasMac: hasMac(text, 'cloned-mac-address') }))
  // A port names its bridge by the device or by the connection.
  const devices = new Map(files.map(({ name, text }) => [valueOf(text, 'uuid'), name]))
  const ports = files.flatMap(({ name: port, text }) => {
    const kind = valueOf(text, 'slave-type') ?? valueOf(text, 'port-type')
    const bridge = valueOf(text, 'master') ?? valueOf(text, 'controller')
    return kind === 'bridge' && bridge !== undefined ? [{ bridge: devices.get(bridge) ?? bridge, port }] : []
  })
  return { bonds, ports }
}

function netplan(store: Store, image: Image): Links {
  const files = filesIn(store, image, { folders: ['/etc/netplan', '/usr/lib/netplan'], ends: '.yaml' }).map(
    ({ path, text }) => ({ path, network: tableOf(netplanTable(path, text)['network']) }),
  )
  const entries = (key: 'bonds' | 'bridges') =>
    files.flatMap(({ path, network }) =>
      Object.entries(tableOf(network[key])).map(([name, given]) => ({ name, path, given: tableOf(given) })),
    )
  // What several files say of one bond counts together.
  const bonds = [...Map.groupBy(entries('bonds'), ({ name }) => name)].flatMap(([name, said]) =>
    said.slice(0, 1).map(({ path }) => ({
      ...{ name, path },
      hasMac: said.some(({ given }) => typeof given['macaddress'] === 'string' && MAC.test(given['macaddress'])),
    })),
  )
  const ports = entries('bridges').flatMap(({ name: bridge, given }) =>
    portsSchema.parse(given['interfaces']).map((port) => ({ bridge, port })),
  )
  return { bonds, ports }
}

const tableSchema = z.record(z.string(), z.unknown())
const portsSchema = z.array(z.string()).catch([])

function netplanTable(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return tableOf(parseYaml({ file, text }, z.unknown()))
  } catch (error) {
    if (isErrorCode(error, 'YAML_SYNTAX')) return {}
    throw error
  }
}

function tableOf(value: unknown): Readonly<Record<string, unknown>> {
  return tableSchema.safeParse(value).data ?? {}
}

function valuesOf(text: string, key: string): string[] {
  const values = [...text.matchAll(new RegExp(`^[^\\S\\n]*${key}[^\\S\\n]*=(.*)$`, 'gm'))]
  return values.map(([, value = '']) => value.trim().replace(/^(["'])(.*)\1$/, '$2'))
}

/** The last one counts. */
function valueOf(text: string, key: string): string | undefined {
  return valuesOf(text, key).at(-1)
}

function hasMac(text: string, key: string): boolean {
  return MAC.test(valueOf(text, key) ?? '')
}

function portsOf(bridge: string, names = ''): Links['ports'][number][] {
  return names.split(/\s+/).flatMap((port) => (port === '' || port === 'none' ? [] : [{ bridge, port }]))
}

/** The `iface` stanzas of /etc/network/interfaces and its folder, lines that go on joined. */
function interfaceStanzas(
  store: Store,
  image: Image,
): { readonly name: string; readonly path: string; readonly text: string }[] {
  const path = '/etc/network/interfaces'
  const files = [
    { path, text: readConfiguration(store, image, path) },
    ...filesIn(store, image, { folders: [`${path}.d`], ends: '' }),
  ]
  return files.flatMap((file) =>
    file.text
      .replaceAll('\\\n', ' ')
      .split(/^(?=\s*(?:iface|auto|allow-\S+|mapping|source\S*)\s)/m)
      .flatMap((text) => {
        const name = /^\s*iface\s+(\S+)/.exec(text)?.[1]
        return name === undefined ? [] : [{ name, path: file.path, text }]
      }),
  )
}
