import { escapePath } from './generated-units.ts'
import type { Unit } from './load-units.ts'
import { isOn, valueOf, wordsOf } from './unit-file.ts'

/** A dependency that a unit has: written down, or by a rule of its type. */
export interface Dependency {
  readonly how: 'Requires' | 'Wants' | 'After' | 'Before'
  readonly unit: string
  /** `After`, `sysinit before services`. */
  readonly why: string
}

export const typeOf = (name: string) => name.slice(name.lastIndexOf('.') + 1)

/** Whether the rules of its type hold for a unit (`DefaultDependencies=`). */
export function hasDefaults(unit: Unit): boolean {
  return isOn(unit.settings, 'Unit.DefaultDependencies', true)
}

/** Everything a unit says of others, aliases not resolved (systemd.unit(5), systemd.service(5) and the other types' pages: implicit and default dependencies). */
export function dependenciesOf(unit: Unit): Dependency[] {
  return [...declared(unit), ...implicit(unit), ...(hasDefaults(unit) ? defaults(unit) : [])]
}

function declared(unit: Unit): Dependency[] {
  const of = (key: string, how: Dependency['how']) =>
    wordsOf(unit.settings, `Unit.${key}`).map((name): Dependency => ({ how, unit: name, why: key }))
  return [
    ...of('Requires', 'Requires'),
    ...of('BindsTo', 'Requires'),
    ...of('Wants', 'Wants'),
    ...of('Upholds', 'Wants'),
    ...unit.links.map(
      ([how, name]): Dependency => ({ how: how === 'Requires' ? 'Requires' : 'Wants', unit: name, why: how }),
    ),
    ...of('After', 'After'),
    ...of('Before', 'Before'),
  ]
}

/** What holds whatever `DefaultDependencies=` says. */
function implicit(unit: Unit): Dependency[] {
  const { name, settings } = unit
  const stem = name.slice(0, name.lastIndexOf('.'))
  const triggered = (section: string, key: string) => valueOf(settings, `${section}.${key}`) ?? `${stem}.service`
  const before = (other: string, why: string): Dependency => ({ how: 'Before', unit: other, why })
  const after = (other: string, why: string): Dependency => ({ how: 'After', unit: other, why })
  const mounts = [...wordsOf(settings, 'Unit.RequiresMountsFor'), ...wordsOf(settings, 'Unit.WantsMountsFor')].flatMap(
    (path) => mountsAbove(path).map((mount) => after(mount, 'RequiresMountsFor')),
  )
  switch (typeOf(name)) {
    case 'service': {
      // A name on the bus makes it of this type only where it says no other: systemd-timesyncd is `notify`, and starts before the bus.
      const kind = valueOf(settings, 'Service.Type')
      const dbus = kind === 'dbus' || (kind === undefined && valueOf(settings, 'Service.BusName') !== undefined)
      const sockets = wordsOf(settings, 'Service.Sockets')
      return [
        ...mounts,
        ...(dbus
          ? [
              { how: 'Requires', unit: 'dbus.socket', why: 'a name on the bus' } as const,
              after('dbus.socket', 'a name on the bus'),
            ]
          : []),
        ...sockets.flatMap((socket) => [
          { how: 'Wants', unit: socket, why: 'Sockets' } as const,
          after(socket, 'Sockets'),
        ]),
        // DynamicUser= brings PrivateTmp= along (systemd.exec(5)).
        ...(isOn(settings, 'Service.PrivateTmp', isOn(settings, 'Service.DynamicUser', false))
          ? ['tmp.mount', 'var-tmp.mount', 'systemd-tmpfiles-setup.service'].map((other) => after(other, 'PrivateTmp'))
          : []),
        ...(logsToJournal(settings, 'Service') ? [after('systemd-journald.socket', 'output into the journal')] : []),
      ]
    }
    case 'socket':
      return [...mounts, before(triggered('Socket', 'Service'), 'a socket before its service')]
    case 'timer':
      return [
        ...mounts,
        before(triggered('Timer', 'Unit'), 'a timer before what it starts'),
        ...(settings.has('Timer.OnCalendar') && hasDefaults(unit)
          ? ['time-set.target', 'time-sync.target'].map((other) => after(other, 'OnCalendar'))
          : []),
      ]
    case 'path':
      return [...mounts, before(triggered('Path', 'Unit'), 'a path before what it starts')]
    case 'mount': {
      const where = valueOf(settings, 'Mount.Where')
      const above = where === undefined ? [] : mountsAbove(where.replace(/\/[^/]*\/?$/, ''))
      return [
        ...mounts,
        ...above.map((mount) => after(mount, 'the mount above it')),
        after('systemd-journald.socket', 'output into the journal'),
      ]
    }
    default:
      return mounts
  }
}

/** What holds unless `DefaultDependencies=no`. */
function defaults(unit: Unit): Dependency[] {
  const basics: Dependency[] = ['Requires', 'After'].map((how) => ({
    how: how === 'Requires' ? 'Requires' : 'After',
    unit: 'sysinit.target',
    why: 'sysinit.target comes first',
  }))
  const before = (goal: string): Dependency => ({ how: 'Before', unit: goal, why: `before ${goal}` })
  switch (typeOf(unit.name)) {
    case 'service':
      return [...basics, { how: 'After', unit: 'basic.target', why: 'basic.target before services' }]
    case 'socket':
      return [...basics, before('sockets.target')]
    case 'timer':
      return [...basics, before('timers.target')]
    case 'path':
      return [...basics, before('paths.target')]
    case 'mount': {
      const network = wordsOf(unit.settings, 'Mount.Options').join(',').split(',').includes('_netdev')
      const goal = network ? 'remote-fs.target' : 'local-fs.target'
      const first = network
        ? ['remote-fs-pre.target', 'network.target', 'network-online.target']
        : ['local-fs-pre.target']
      return [
        before(goal),
        ...first.map((other): Dependency => ({ how: 'After', unit: other, why: `before ${goal}` })),
        // At shutdown it goes before swap does, which its pages may need.
        ...(valueOf(unit.settings, 'Mount.Type') === 'tmpfs'
          ? [{ how: 'After', unit: 'swap.target', why: 'swap before tmpfs' } as const]
          : []),
      ]
    }
    case 'swap':
      return [before('swap.target')]
    default:
      return []
  }
}

/** The mount units of a path and of all above it but the root. */
function mountsAbove(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((_part, index) => `${escapePath(parts.slice(0, index + 1).join('/'))}.mount`)
}

function logsToJournal(settings: Unit['settings'], section: string): boolean {
  const output = valueOf(settings, `${section}.StandardOutput`) ?? 'journal'
  const error = valueOf(settings, `${section}.StandardError`) ?? 'inherit'
  const journal = /^(journal|kmsg|syslog)/
  return journal.test(output) || journal.test(error) || (error === 'inherit' && journal.test(output))
}
