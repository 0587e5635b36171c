import { BRIDGE_PORTS } from '../limits.ts'
import { filesIn, readConfiguration, type Sides } from '../sides.ts'

type Store = Sides['store']
type Image = Sides['after']

const NETWORKD = ['/etc/systemd/network', '/usr/local/lib/systemd/network', '/usr/lib/systemd/network']

/** Bonds whose MAC address nothing fixes, of systemd.netdev(5), interfaces(5), ifcfg files and NetworkManager's keyfiles. */
export function bondsWithoutMac(store: Store, image: Image): string[] {
  const netdevs = filesIn(store, image, { folders: NETWORKD, ends: '.netdev' })
    .filter(({ text }) => /^\s*Kind\s*=\s*bond\s*$/m.test(text) && !/^\s*MACAddress\s*=\s*\S/m.test(text))
    .map(({ path, text }) => `${/^\s*Name\s*=\s*(\S+)/m.exec(text)?.[1] ?? 'a bond'} in ${path}`)
  const stanzas = interfaceStanzas(store, image)
    .filter(({ text }) => /^\s*bond[-_](slaves|mode)\s/m.test(text) && !/^\s*hwaddress\s/m.test(text))
    .map(({ name, path }) => `${name} in ${path}`)
  const ifcfg = filesIn(store, image, { folders: ['/etc/sysconfig/network-scripts'], ends: '' })
    .filter(({ text }) => /^(TYPE="?Bond|BONDING_MASTER="?yes)/im.test(text) && !/^MACADDR=/m.test(text))
    .map(({ path }) => path)
  const keyfiles = filesIn(store, image, {
    folders: ['/etc/NetworkManager/system-connections', '/usr/lib/NetworkManager/system-connections'],
    ends: '.nmconnection',
  })
    .filter(({ text }) => /^type=bond$/m.test(text) && !/^cloned-mac-address=/m.test(text))
    .map(({ path }) => path)
  return [...netdevs, ...stanzas, ...ifcfg, ...keyfiles]
}

/** Bridges that are given more ports by name than Linux takes, of systemd.network(5) and interfaces(5). */
export function bridgesOverFull(store: Store, image: Image): string[] {
  const ports = new Map<string, Set<string>>()
  const add = (bridge: string, names: readonly string[]) => {
    const known = ports.get(bridge) ?? new Set()
    for (const name of names) known.add(name)
    ports.set(bridge, known)
  }
  for (const { text } of filesIn(store, image, { folders: NETWORKD, ends: '.network' })) {
    const bridge = /^\s*Bridge\s*=\s*(\S+)/m.exec(text)?.[1]
    if (bridge !== undefined)
      add(
        bridge,
        [...text.matchAll(/^\s*Name\s*=(.*)$/gm)].flatMap(([, names]) => words(names)),
      )
  }
  for (const { name, text } of interfaceStanzas(store, image))
    for (const [, names] of text.matchAll(/^\s*bridge[-_]ports\s(.*)$/gm)) add(name, words(names))
  return [...ports]
    .filter(([, names]) => names.size > BRIDGE_PORTS)
    .map(([bridge, names]) => `${bridge} has ${names.size} ports`)
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '' && word !== 'none')
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
