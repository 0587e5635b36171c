import { bootChart, type BootOrder } from '@holotype/image'
import type { Boot } from '@holotype/server/api'

/** What starts in the fixture's images, drawn as the command line registers it. */

type Unit = BootOrder['units'][number]

const edges = (why: string, units: readonly string[]) => units.map((unit) => ({ unit, why }))

function unit(name: string, level: number, after: readonly string[], more: Partial<Unit> = {}): Unit {
  return {
    name,
    file: `/usr/lib/systemd/system/${name}`,
    level,
    pulledBy: edges('Wants', ['multi-user.target']),
    after: edges('After', after),
    conditional: false,
    ...more,
  }
}

function order(units: readonly Unit[], more: Partial<BootOrder> = {}): BootOrder {
  return {
    schema: 'holotype.boot/1',
    system: 'systemd',
    goal: 'multi-user.target',
    units,
    absent: ['plymouth-start.service, wanted by sysinit.target'],
    problems: [],
    ...more,
  }
}

const COMMON: readonly Unit[] = [
  unit('-.mount', 0, [], { file: '/etc/fstab', pulledBy: edges('Requires', ['local-fs.target']) }),
  unit('systemd-journald.socket', 0, [], { pulledBy: edges('Wants', ['sysinit.target']) }),
  unit('systemd-modules-load.service', 1, ['systemd-journald.socket'], { conditional: true }),
  unit('systemd-journald.service', 1, ['systemd-journald.socket']),
  unit('local-fs.target', 1, ['-.mount']),
  unit('systemd-sysctl.service', 2, ['systemd-modules-load.service'], { conditional: true }),
  unit('systemd-tmpfiles-setup.service', 2, ['local-fs.target', 'systemd-journald.service']),
  unit('sysinit.target', 3, ['local-fs.target', 'systemd-sysctl.service', 'systemd-tmpfiles-setup.service']),
  unit('dbus.socket', 4, ['sysinit.target']),
  unit('basic.target', 5, ['dbus.socket', 'sysinit.target']),
  unit('ssh.service', 6, ['basic.target', 'sysinit.target']),
  unit('cron.service', 6, ['basic.target']),
]

const beacon = (after: readonly string[], level: number): readonly Unit[] => [
  unit('nginx.service', level, after),
  unit('multi-user.target', level + 1, ['nginx.service', 'ssh.service', 'cron.service'], { pulledBy: [] }),
]

/** Of the older image. */
export const firstBoot: Boot = copied(
  order([...COMMON, unit('inetd.service', 6, ['basic.target']), ...beacon(['basic.target'], 6)]),
)

/** Of the newer: nginx waits for the network, ssh for the bus, a timer comes, inetd goes. */
export const secondBoot: Boot = copied(
  order([
    ...COMMON.map((each) =>
      each.name === 'ssh.service' ? { ...each, after: [...each.after, ...edges('After', ['dbus.socket'])] } : each,
    ),
    unit('beacon-probe.timer', 6, ['basic.target'], { pulledBy: edges('Wants', ['timers.target']) }),
    unit('network-online.target', 6, ['basic.target'], { conditional: true }),
    ...beacon(['basic.target', 'network-online.target'], 7),
  ]),
)

/** Names that try to be markup, to turn the line around, or to never end. */
export function hostileBoot(bad: string, long: string): Boot {
  return copied(
    order(
      [
        unit(bad, 0, [], { file: `/etc/${bad}`, pulledBy: edges(long, [bad]) }),
        unit(long, 1, [bad], { file: `/${long}`, conditional: true, pulledBy: edges(bad, [long]) }),
        unit('\u0003.service', 2, [bad, long]),
      ],
      {
        goal: long,
        absent: [bad, long],
        problems: [
          { kind: 'cycle', what: bad },
          { kind: 'missing', what: long },
        ],
      },
    ),
  )
}

/** As it comes over the wire. */
function copied(of: BootOrder): Boot {
  const { columns, lines, order: whole } = bootChart(of)
  return {
    order: {
      ...whole,
      units: whole.units.map((each) => ({ ...each, pulledBy: [...each.pulledBy], after: [...each.after] })),
      absent: [...whole.absent],
      problems: [...whole.problems],
    },
    columns: columns.map((names) => [...names]),
    lines: lines.map(([from, to]) => [from, to]),
  }
}
