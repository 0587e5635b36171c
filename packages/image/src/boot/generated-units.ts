import type { ImageFiles } from './image-files.ts'

/** A unit that a generator of systemd would write at boot. */
export interface GeneratedUnit {
  /** What it is made from: an absolute path of the image. */
  readonly file: string
  readonly text: string
}

/** `/var/lib/a-b` → `var-lib-a\x2db` (systemd-escape(1), --path). */
export function escapePath(path: string): string {
  const bare = path
    .split('/')
    .filter((part) => part !== '')
    .join('/')
  if (bare === '') return '-'
  return [...Buffer.from(bare)]
    .map((byte, index) => {
      const character = String.fromCharCode(byte)
      if (character === '/') return '-'
      const plain = /[A-Za-z0-9:_.]/.test(character) && !(index === 0 && character === '.')
      return plain ? character : `\\x${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
}

/** File systems that need the network (systemd.mount(5), fstab_is_network). */
const NETWORK = /^(cifs|smb3|smbfs|sshfs|ncpfs|ncp|nfs4?|ocfs2|gfs2?|glusterfs|pvfs2|ceph|fuse\.(sshfs|glusterfs))$/

/** The mounts and swaps that systemd-fstab-generator(8) makes of `/etc/fstab`. */
export function fstabUnits(files: ImageFiles): [name: string, unit: GeneratedUnit][] {
  const units: [string, GeneratedUnit][] = []
  for (const line of (files.text('etc/fstab') ?? '').split('\n')) {
    const [source, target, type = '', options = ''] = line.trim().split(/\s+/)
    if (source === undefined || source === '' || source.startsWith('#') || target === undefined) continue
    const flags = options.split(',')
    if (flags.includes('noauto')) continue
    const swap = type === 'swap'
    const network = NETWORK.test(type) || flags.includes('_netdev')
    const goal = swap ? 'swap.target' : network ? 'remote-fs.target' : 'local-fs.target'
    const name = swap ? `${escapePath(source)}.swap` : `${escapePath(target)}.mount`
    const needed = flags.includes('nofail') ? 'WantedBy' : 'RequiredBy'
    const lines = [
      '[Unit]',
      ...(flags.includes('nofail') ? [] : [`Before=${goal}`]),
      ...flags.flatMap((flag) => {
        const [, key, value] = /^x-systemd\.(after|before|requires|wanted-by|required-by)=(.+)$/.exec(flag) ?? []
        if (value === undefined) return []
        if (key === 'after') return [`After=${value}`]
        if (key === 'before') return [`Before=${value}`]
        return key === 'requires' ? [`Requires=${value}`, `After=${value}`] : []
      }),
      '[Install]',
      `${needed}=${goal}`,
      swap ? '[Swap]' : '[Mount]',
      `Where=${target}`,
      `Type=${type}`,
      ...(network ? ['Options=_netdev'] : []),
    ]
    units.push([name, { file: '/etc/fstab', text: lines.join('\n') }])
  }
  return units
}

/** What a facility of an init script is to systemd (systemd-sysv-generator(8)). Empty: it holds whenever services start. */
const FACILITIES: Readonly<Record<string, string>> = {
  $local_fs: '',
  $network: 'network-online.target',
  $named: 'nss-lookup.target',
  $portmap: 'rpcbind.target',
  $remote_fs: 'remote-fs.target',
  $syslog: '',
  $time: 'time-sync.target',
}

/** The services that systemd-sysv-generator(8) makes of init scripts that run in levels 2 to 5 and have no unit of their own. */
export function sysvUnits(files: ImageFiles): [name: string, unit: GeneratedUnit][] {
  const names = new Set<string>()
  for (const level of ['2', '3', '4', '5'])
    for (const { name } of files.list(`etc/rc${level}.d`)) {
      const script = /^S\d\d(.+)$/.exec(name)?.[1]
      if (script !== undefined) names.add(script)
    }
  return [...names].sort().flatMap((script): [name: string, unit: GeneratedUnit][] => {
    const text = files.text(`etc/init.d/${script}`)
    if (text === undefined) return []
    const header = lsbHeader(text)
    const units = (key: string) =>
      (header.get(key) ?? []).flatMap((name) => {
        const unit = name.startsWith('$') ? (FACILITIES[name] ?? '') : `${name}.service`
        return unit === '' ? [] : [unit]
      })
    const after = [...units('required-start'), ...units('should-start')]
    const before = units('x-start-before')
    const made = [
      '[Unit]',
      ...(after.length === 0 ? [] : [`After=${after.join(' ')}`]),
      ...(before.length === 0 ? [] : [`Before=${before.join(' ')}`]),
      ...(after.includes('network-online.target') ? ['Wants=network-online.target'] : []),
      '[Install]',
      'WantedBy=multi-user.target',
      '[Service]',
      'Type=forking',
    ]
    return [[`${script}.service`, { file: `/etc/init.d/${script}`, text: made.join('\n') }]]
  })
}

/** The fields of an init script's LSB header, in lower case, as words (LSB 5.0, "Comment Conventions for Init Scripts"). */
export function lsbHeader(text: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>()
  const block = /^### BEGIN INIT INFO\s*$([\s\S]*?)^### END INIT INFO\s*$/m.exec(text)?.[1] ?? ''
  for (const line of block.split('\n')) {
    const [, key, value] = /^#\s*([A-Za-z-]+):\s*(.*)$/.exec(line) ?? []
    if (key !== undefined)
      fields.set(
        key.toLowerCase(),
        (value ?? '').split(/\s+/).filter((word) => word !== ''),
      )
  }
  return fields
}
