import { filesIn, readConfiguration, type Sides } from '../sides.ts'

const UNITS = ['/etc/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system']

/** Mounts of NFS over TCP (its default, nfs(5)) that leave the time or the number of tries to the defaults, of fstab(5) and mount units. */
export function nfsWithDefaults(store: Sides['store'], image: Sides['after']): string[] {
  const lines = readConfiguration(store, image, '/etc/fstab').split('\n')
  const fstab = lines.flatMap((line) => {
    const [what = '', where = '', type = '', options = ''] = line.trim().split(/\s+/)
    return !what.startsWith('#') && isDefault(type, options) ? [`${where} from ${what} in /etc/fstab`] : []
  })
  const units = filesIn(store, image, { folders: UNITS, ends: '.mount' }).flatMap(({ path, text }) => {
    const field = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*(.*?)\\s*$`, 'm').exec(text)?.[1] ?? ''
    return isDefault(field('Type'), field('Options')) ? [`${field('Where')} from ${field('What')} in ${path}`] : []
  })
  return [...fstab, ...units]
}

function isDefault(type: string, options: string): boolean {
  if (type !== 'nfs' && type !== 'nfs4') return false
  const set = options.split(',').map((option) => option.trim())
  if (
    set.some((option) => /^(proto|mountproto)=(udp6?|rdma6?)$|^(udp|rdma)$/.test(option) && !option.startsWith('mount'))
  )
    return false
  const has = (name: string) => set.some((option) => option.startsWith(`${name}=`))
  return !(has('timeo') && has('retrans'))
}
