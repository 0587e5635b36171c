import { imageSchema } from '@holotype/distribution'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { applySpec, applyUnitFiles, unitVerbs } from './apply-spec.ts'
import { resolveSpec } from './resolve-spec.ts'

const directory = temporaryDirectory()
const store = openStore(directory)
const specOf = (spec: object) =>
  resolveSpec(store, { name: 'web', spec: imageSchema.parse({ packages: ['a'], ...spec }), directory })
const paths = () => mapOf(store, { 'etc/x': 'theirs', 'etc/d/a': 'a', 'usr/lib/b': 'b', lib: '-> usr/lib' })

test('its files win, follow links of the image, and bring their directories', () => {
  const map = paths()
  const spec = specOf({
    files: {
      '/etc/x': { content: 'ours', mode: '0600', uid: 5, gid: 6 },
      '/lib/b': { content: 'ours' },
      '/srv/www/index': { content: 'i' },
    },
  })
  applySpec(map, { store, spec, epoch: 7 })
  expect(map.get('etc/x')).toMatchObject({ owner: 'spec', entry: { mode: 0o600, uid: 5, gid: 6, mtime: 7, size: 4 } })
  expect(map.get('usr/lib/b')?.owner).toBe('spec')
  expect(map.get('srv/www')).toMatchObject({ owner: 'spec', entry: { type: 'directory', mode: 0o755 } })
  expect(map.has('lib/b')).toBe(false)
})

test('settings of the kernel are one sorted file', () => {
  const map = paths()
  applySpec(map, { store, spec: specOf({ sysctl: { 'vm.swappiness': '1', 'net.ipv4.ip_forward': '0' } }), epoch: 7 })
  const entry = map.get('etc/sysctl.d/60-holotype.conf')?.entry
  expect(entry?.type === 'file' && store.read(entry.digest).toString()).toBe(
    'net.ipv4.ip_forward = 0\nvm.swappiness = 1\n',
  )
})

test.each([
  ['/etc/d', 'IMAGE_SPEC_REFUSED', /which is a directory/],
  ['/etc/x/y', 'IMAGE_PATH_CONFLICT', /should lie in \/etc\/x/],
  ['/etc/x/y/z', 'IMAGE_PATH_CONFLICT', /should lie in \/etc\/x/],
])('a file at %s is refused', (path, code, message) => {
  const apply = () => applySpec(paths(), { store, spec: specOf({ files: { [path]: { content: '' } } }), epoch: 7 })
  expect(apply).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
})

test('unit files alone lie there before the scripts run', () => {
  const map = paths()
  const files = { '/etc/systemd/system/a.service': { content: '[Unit]' }, '/etc/x': { content: 'ours' } }
  applyUnitFiles(map, specOf({ files }), 7)
  expect([...map].filter(([, { owner }]) => owner === 'spec').map(([path]) => path)).toEqual([
    'etc/systemd/system',
    'etc/systemd',
    'etc/systemd/system/a.service',
  ])
})

test('verbs in a fixed order, and none without units', () => {
  const spec = specOf({ units: { mask: ['c.service'], enable: ['a.service', 'b.timer'] } })
  expect(unitVerbs(spec)).toEqual([
    ['enable', 'a.service', 'b.timer'],
    ['mask', 'c.service'],
  ])
})
