import { expect, test } from 'vitest'
import { firstBoot, secondBoot } from '../testing/fixture-boot.ts'
import { BOX, bootDifference, drawingOf, filterUnits, waitersOf } from './boot.ts'

test('each unit has a place of its own, and each line leads to the right', () => {
  const { places, lines, width, height } = drawingOf(secondBoot)
  expect(places.size).toBe(secondBoot.order.units.length)
  expect(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(places.size)
  for (const { x, y } of places.values()) {
    expect(x + BOX.width).toBeLessThanOrEqual(width)
    expect(y + BOX.height).toBeLessThanOrEqual(height)
  }
  expect(lines.length).toBe(secondBoot.lines.length)
  for (const { from, to } of lines) expect(places.get(from)?.x ?? 0).toBeLessThan(places.get(to)?.x ?? 0)
})

test('a line to a unit that is not there is left out', () => {
  expect(drawingOf({ columns: [['a']], lines: [['a', 'b']] }).lines).toEqual([])
  expect(drawingOf({ columns: [], lines: [] })).toMatchObject({ width: 0, height: BOX.head })
})

test('what starts otherwise than in another image', () => {
  expect(bootDifference(firstBoot, secondBoot)).toEqual({
    added: new Set(['beacon-probe.timer', 'network-online.target']),
    removed: ['inetd.service'],
    orderAdded: ['ssh.service after dbus.socket'],
    orderRemoved: [],
  })
  expect(bootDifference(secondBoot, secondBoot)).toMatchObject({ added: new Set(), removed: [], orderAdded: [] })
  expect(bootDifference(null, firstBoot).added.size).toBe(firstBoot.order.units.length)
})

test('what waits for a unit, with its reason', () => {
  expect(waitersOf(secondBoot, 'network-online.target')).toEqual([{ unit: 'nginx.service', why: 'After' }])
})

test('the filter looks at names and files', () => {
  const names = (q: string) => filterUnits(secondBoot.order.units, q).map(({ name }) => name)
  expect(names('nginx')).toEqual(['nginx.service'])
  expect(names('/etc/FSTAB')).toEqual(['-.mount'])
  expect(names('systemd journald')).toEqual(['systemd-journald.socket', 'systemd-journald.service'])
  expect(names('')).toHaveLength(secondBoot.order.units.length)
})
