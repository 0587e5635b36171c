import { painter } from '@holotype/base'
import { buildTree, openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { mapOf, type SyntheticPath } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { bootOrder } from './boot-order.ts'
import { bootChangeLines, compareBoot } from './compare-boot.ts'
import { drawBoot } from './draw-boot.ts'
import { reducedEdges } from './reduce.ts'
import { renderBoot } from './render-boot.ts'
import type { BootOrder } from './types.ts'

const store = openStore(temporaryDirectory())
const U = 'usr/lib/systemd/system'
const E = 'etc/systemd/system'

const orderOf = (files: Readonly<Record<string, SyntheticPath>>): BootOrder | undefined => {
  const paths = [...mapOf(store, files)].map(([path, { entry }]) => ({ path, entry }))
  return bootOrder(store, buildTree(store, paths).digest)
}
const SYSTEMD = {
  'usr/sbin/init': '-> ../lib/systemd/systemd',
  sbin: '-> usr/sbin',
  'usr/lib/systemd/systemd': 'program',
  [`${U}/sysinit.target`]: '[Unit]\nDefaultDependencies=no\n',
  [`${U}/basic.target`]: '[Unit]\nRequires=sysinit.target\nAfter=sysinit.target sockets.target\nWants=sockets.target\n',
  [`${U}/sockets.target`]: '[Unit]\n',
  [`${U}/multi-user.target`]: '[Unit]\nRequires=basic.target\nAfter=basic.target\n',
  [`${U}/default.target`]: '-> multi-user.target',
} as const
const systemd = (files: Readonly<Record<string, SyntheticPath>>): BootOrder => {
  const order = orderOf({ ...SYSTEMD, ...files })
  if (order === undefined) throw new Error('the image has no init')
  return order
}
const unitOf = (order: BootOrder, name: string) => order.units.find((unit) => unit.name === name)
const afterOf = (order: BootOrder, name: string) => unitOf(order, name)?.after.map(({ unit }) => unit)
const wants = (name: string) => ({ [`${E}/multi-user.target.wants/${name}`]: `-> /${U}/${name}` })

test('an image without an init does not boot', () => {
  expect(orderOf({ 'usr/bin/x': 'x' })).toBeUndefined()
})

test('a name on the bus orders a service only where that makes its type', () => {
  const order = systemd({
    [`${U}/time.service`]:
      '[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n[Service]\nExecStart=/x\nType=notify\nBusName=org.time\n',
    [`${U}/name.service`]: '[Service]\nExecStart=/x\nBusName=org.name\n',
    [`${U}/dbus.socket`]: '[Socket]\nListenStream=/run/dbus\n',
    ...wants('time.service'),
    ...wants('name.service'),
  })
  expect(order.problems).toEqual([])
  expect(afterOf(order, 'time.service')).toEqual([])
  expect(afterOf(order, 'name.service')).toContain('dbus.socket')
})

test('a service comes after the basics, its socket and what it names; the target after it', () => {
  const order = systemd({
    [`${U}/web.service`]: '[Unit]\nAfter=db.service nothing.service\n[Service]\nExecStart=/x\n',
    [`${U}/db.service`]: '[Service]\nExecStart=/x\nType=dbus\n',
    [`${U}/dbus.socket`]: '[Socket]\nListenStream=/run/dbus\n',
    ...wants('web.service'),
    ...wants('db.service'),
  })
  expect(order.goal).toBe('multi-user.target')
  expect(afterOf(order, 'web.service')).toEqual(['basic.target', 'db.service', 'sysinit.target'])
  expect(afterOf(order, 'db.service')).toEqual(['basic.target', 'dbus.socket', 'sysinit.target'])
  expect(afterOf(order, 'multi-user.target')).toEqual(['basic.target', 'db.service', 'web.service'])
  expect(unitOf(order, 'dbus.socket')?.pulledBy).toEqual([{ unit: 'db.service', why: 'a name on the bus' }])
  expect(order.units.map(({ name, level }) => `${level} ${name}`)).toEqual([
    '0 sysinit.target',
    '1 dbus.socket',
    '2 sockets.target',
    '3 basic.target',
    '4 db.service',
    '5 web.service',
    '6 multi-user.target',
  ])
  expect(order.problems).toEqual([])
})

test('drop-ins, templates, aliases, masks and empty values as systemd reads them', () => {
  const order = systemd({
    [`${U}/tty@.service`]: '[Unit]\nAfter=a.service other-%i.service\n',
    [`${E}/multi-user.target.wants/tty@one.service`]: `-> /${U}/tty@.service`,
    [`${U}/a.service`]: '[Unit]\nAfter=tty@one.service\n',
    [`${E}/a.service.d/10.conf`]: '[Unit]\nAfter=\n# a comment \\\nAfter=b.service \\\n  c.service\n',
    [`${E}/alias.service`]: `-> /${U}/a.service`,
    [`${E}/multi-user.target.wants/alias.service`]: `-> /${U}/a.service`,
    [`${U}/other-one.service`]: '[Unit]\nDescription=x\n',
    ...wants('other-one.service'),
    [`${U}/b.service`]: '[Unit]\nConditionPathExists=/x\n',
    ...wants('b.service'),
    [`${U}/c.service`]: '[Unit]\n',
    [`${E}/c.service`]: '-> /dev/null',
    ...wants('c.service'),
  })
  expect(afterOf(order, 'tty@one.service')).toEqual([
    'a.service',
    'basic.target',
    'other-one.service',
    'sysinit.target',
  ])
  expect(afterOf(order, 'a.service')).toEqual(['b.service', 'basic.target', 'sysinit.target'])
  expect(order.units.map(({ name }) => name)).not.toContain('c.service')
  expect(order.units.map(({ name }) => name)).not.toContain('alias.service')
  expect(unitOf(order, 'b.service')?.conditional).toBe(true)
  expect(order.problems).toEqual([])
})

const needs = (name: string) => `[Unit]\nRequires=${name}\n`

test('an alias leads to a name, which is looked for in all directories', () => {
  const order = systemd({
    [`${U}/broker.service`]: '[Service]\nExecStart=/x\n',
    [`${E}/broker.service`]: needs('gone.service'),
    [`${E}/bus.service`]: `-> /${U}/broker.service`,
    ...wants('bus.service'),
    // A link to its own name says nothing, one to another type's neither; one to nothing hides what comes after.
    [`${U}/self.service`]: needs('gone-self.service'),
    [`${E}/self.service`]: `-> ../../../${U}/self.service`,
    ...wants('self.service'),
    [`${U}/typed.service`]: needs('gone-typed.service'),
    [`${E}/typed.service`]: `-> /${U}/typed.socket`,
    [`${U}/typed.socket`]: '[Socket]\n',
    ...wants('typed.service'),
    [`${U}/lost.service`]: '[Service]\nExecStart=/x\n',
    [`${E}/lost.service`]: `-> /${U}/nowhere.service`,
    ...wants('lost.service'),
    // A file from elsewhere has the name of its link.
    'opt/unit.service': needs('gone-%n'),
    [`${E}/linked.service`]: '-> ../../../opt/unit.service',
    ...wants('linked.service'),
    // Empty is masked wherever it lies.
    [`${U}/empty.service`]: '',
    [`${E}/multi-user.target.requires/empty.service`]: `-> /${U}/empty.service`,
  })
  expect(order.problems.map(({ what }) => what)).toEqual([
    'multi-user.target needs empty.service (Requires), which is masked',
    'broker.service needs gone.service (Requires), which is not in the image',
    'linked.service needs gone-linked.service (Requires), which is not in the image',
    'self.service needs gone-self.service (Requires), which is not in the image',
    'typed.service needs gone-typed.service (Requires), which is not in the image',
  ])
  expect(order.absent).toEqual(['lost.service, wanted by multi-user.target'])
  expect(unitOf(order, 'broker.service')?.file).toBe(`/${E}/broker.service`)
})

test('an instance has its own file before its template, in whatever directory each lies', () => {
  const order = systemd({
    [`${E}/getty@.service`]: needs('gone-template.service'),
    [`${U}/getty@tty1.service`]: needs('gone-instance.service'),
    ...wants('getty@tty1.service'),
  })
  expect(order.problems.map(({ what }) => what)).toEqual([
    'getty@tty1.service needs gone-instance.service (Requires), which is not in the image',
  ])
})

test('drop-ins of all names of a unit; of one file name that of its own name, then that of the first directory', () => {
  const order = systemd({
    [`${U}/own.service`]: '[Service]\nExecStart=/x\n',
    [`${U}/other.service`]: '-> own.service',
    [`${E}/other.service.d/10.conf`]: needs('gone-hidden.service'),
    [`${E}/other.service.d/20.conf`]: needs('gone-alias.service'),
    [`${U}/own.service.d/10.conf`]: needs('gone-own.service'),
    ...wants('own.service'),
    [`${U}/t@.service`]: '[Service]\nExecStart=/x\n',
    [`${U}/alias@.service`]: '-> t@.service',
    [`${E}/t@.service.d/10.conf`]: needs('gone-etc.service'),
    [`${U}/t@one.service.d/10.conf`]: needs('gone-hidden-too.service'),
    [`${E}/alias@one.service.d/20.conf`]: needs('gone-alias-of-template.service'),
    ...wants('t@one.service'),
  })
  expect(order.problems.map(({ what }) => what)).toEqual([
    'own.service needs gone-own.service (Requires), which is not in the image',
    'own.service needs gone-alias.service (Requires), which is not in the image',
    't@one.service needs gone-etc.service (Requires), which is not in the image',
    't@one.service needs gone-alias-of-template.service (Requires), which is not in the image',
  ])
})

test('mounts of fstab and old init scripts start too', () => {
  const order = systemd({
    'etc/fstab':
      '# x\n/dev/sda2 /srv/a-b ext4 defaults 0 2\n/dev/sda3 none swap sw 0 0\n/dev/sdb /mnt auto noauto 0 0\nnone /srv/fast tmpfs\n',
    [`${U}/local-fs.target`]: '[Unit]\nDefaultDependencies=no\n',
    [`${U}/sysinit.target`]:
      '[Unit]\nDefaultDependencies=no\nWants=local-fs.target swap.target\nAfter=local-fs.target swap.target\n',
    [`${U}/swap.target`]: '[Unit]\n',
    [`${U}/web.service`]: '[Unit]\nRequiresMountsFor=/srv/a-b/www\n',
    ...wants('web.service'),
    'etc/rc2.d/S01old': '-> ../init.d/old',
    'etc/init.d/old':
      '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: old\n# Required-Start: $remote_fs web\n### END INIT INFO\n',
  })
  expect(unitOf(order, 'srv-a\\x2db.mount')?.pulledBy).toEqual([{ unit: 'local-fs.target', why: 'Requires' }])
  expect(afterOf(order, 'local-fs.target')).toEqual(['srv-a\\x2db.mount', 'srv-fast.mount'])
  expect(afterOf(order, 'srv-a\\x2db.mount')).not.toContain('swap.target')
  expect(afterOf(order, 'srv-fast.mount')).toContain('swap.target')
  expect(unitOf(order, 'dev-sda3.swap')).toBeDefined()
  expect(unitOf(order, 'mnt.mount')).toBeUndefined()
  expect(afterOf(order, 'web.service')).toContain('srv-a\\x2db.mount')
  expect(afterOf(order, 'old.service')).toContain('web.service')
  expect(unitOf(order, 'old.service')?.file).toBe('/etc/init.d/old')
})

test('a cycle is told by its shortest way, a missing or masked requirement by who needs it; a missing wish is no problem', () => {
  const order = systemd({
    [`${U}/a.service`]:
      '[Unit]\nAfter=b.service\nRequires=gone.service\nBindsTo=hidden.service dev-sda.device\nWants=wish.service\n',
    [`${U}/b.service`]: '[Unit]\nAfter=c.service\n',
    [`${U}/c.service`]: '[Unit]\nBefore=d.service\nAfter=a.service\n',
    [`${U}/d.service`]: '[Unit]\nBefore=b.service\n',
    [`${E}/hidden.service`]: '-> /dev/null',
    ...wants('a.service'),
    ...wants('b.service'),
    ...wants('c.service'),
    ...wants('d.service'),
  })
  expect(order.problems).toEqual([
    { kind: 'missing', what: 'a.service needs gone.service (Requires), which is not in the image' },
    { kind: 'missing', what: 'a.service needs hidden.service (BindsTo), which is masked' },
    {
      kind: 'cycle',
      what: 'a.service after b.service (After), after c.service (After), after a.service (After)',
    },
  ])
  expect(order.absent).toEqual(['wish.service, wanted by a.service'])
  expect(renderBoot(order, painter(false))).toContain('cycle  a.service after b.service')
})

test('sysvinit by the headers and facilities of its scripts', () => {
  const header = (lines: string) => `#!/bin/sh\n### BEGIN INIT INFO\n${lines}\n### END INIT INFO\n`
  const order = orderOf({
    'sbin/init': 'program',
    'etc/inittab': 'id:3:initdefault:\n',
    'etc/insserv.conf': '$network +networking\n',
    'etc/rcS.d/S01networking': '-> ../init.d/networking',
    'etc/init.d/networking': header('# Provides: networking'),
    'etc/rc3.d/S01ssh': '-> ../init.d/ssh',
    'etc/init.d/ssh': header('# Provides: sshd\n# Required-Start: $network log\n# Should-Start: absent'),
    'etc/rc3.d/S01log': '-> ../init.d/log',
    'etc/init.d/log': header('# Provides: log\n# X-Start-Before: ssh\n# Required-Start: gone'),
  })
  expect(order).toMatchObject({ system: 'sysv', goal: 'runlevel 3' })
  expect(order?.units.map(({ name, level }) => `${level} ${name}`)).toEqual(['0 networking', '1 log', '2 ssh'])
  expect(order?.problems).toEqual([
    { kind: 'missing', what: 'log needs gone (Required-Start), which is not in the image' },
  ])
})

test('runit starts everything at once', () => {
  const order = orderOf({
    'sbin/init': '-> runit-init',
    'sbin/runit-init': 'program',
    'etc/runit/runsvdir/default/web/run': '#!/bin/sh\nsv check db || exit 1\nexec web\n',
    'etc/runit/runsvdir/default/db/run': '#!/bin/sh\nexec db\n',
  })
  expect(order?.units.map(({ name, level, after }) => [name, level, after])).toEqual([
    ['db', 0, []],
    ['web', 0, [{ unit: 'db', why: 'sv check' }]],
  ])
})

test('links that lead in circles or out of the image lead nowhere', () => {
  const order = systemd({
    [`${U}/loop.service`]: '-> loop.service',
    ...wants('loop.service'),
    [`${U}/out.service`]: '-> ../../../../../../../../etc/shadow-of-the-host',
    ...wants('out.service'),
  })
  expect(order.absent).toEqual([
    'loop.service, wanted by multi-user.target',
    'out.service, wanted by multi-user.target',
  ])
})

test('what differs between two images, in lines', () => {
  const unit = (after: string) => `[Unit]\nAfter=${after}\n`
  const before = systemd({
    [`${U}/a.service`]: unit(''),
    ...wants('a.service'),
    [`${U}/b.service`]: unit(''),
    ...wants('b.service'),
  })
  const after = systemd({
    [`${U}/a.service`]: unit('c.service b.service'),
    ...wants('a.service'),
    [`${U}/b.service`]: unit(''),
    ...wants('b.service'),
    [`${U}/c.service`]: unit(''),
    ...wants('c.service'),
  })
  expect(bootChangeLines(compareBoot(before, after))).toEqual([
    'starts at boot: c.service',
    'now a.service after b.service',
  ])
  expect(bootChangeLines(compareBoot(after, before))).toEqual([
    'starts no longer: c.service',
    'no longer a.service after b.service',
  ])
  expect(bootChangeLines(compareBoot(before, before))).toEqual([])
})

test('the picture has each unit once and only the lines that say something, and nothing of a name is markup', () => {
  const order = systemd({
    [`${U}/<b>&".service`]: '[Unit]\nAfter=sysinit.target\n',
    ...wants('<b>&".service'),
  })
  expect(reducedEdges(order).get('<b>&".service')).toEqual(['basic.target'])
  const picture = drawBoot(order)
  expect(picture.match(/<g /g)).toHaveLength(order.units.length)
  expect(picture).toContain('&lt;b&gt;&amp;&quot;.service')
  expect(picture).not.toContain('<b>')
})
