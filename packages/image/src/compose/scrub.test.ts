import { compareText } from '@holotype/base'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { deb } from '../native/deb/deb.ts'
import { mapOf } from '../testing/synthetic.ts'
import { temporaryDirectory } from '../testing/temporary.ts'
import { scrub } from './scrub.ts'

const store = openStore(temporaryDirectory())
const kept = [
  'etc/ssh/sshd_config',
  'etc/passwd',
  'etc/shadow',
  'usr/lib/python3/a.py',
  'usr/lib/python3/__pycache__',
  'var/lib/dpkg/status',
  'var/lib/dpkg/info/base.list',
  'var/cache/ldconfig',
]
const scrubbed = [
  'etc/ssh/ssh_host_rsa_key',
  'etc/ssh/ssh_host_rsa_key.pub',
  'etc/passwd-',
  'etc/.pwd.lock',
  'usr/lib/python3/__pycache__/a.cpython-311.pyc',
  'var/cache/ldconfig/aux-cache',
  'var/log/dpkg.log',
  'var/lib/dpkg/lock-frontend',
  'var/lib/dpkg/status-old',
  'var/cache/debconf/config.dat-old',
  'run/systemd/a/b',
  'tmp/left',
]

test('what differs from run to run goes; what is beside it stays; mount points are there and empty', () => {
  const map = mapOf(
    store,
    Object.fromEntries([...kept, ...scrubbed].map((path) => [path, path.endsWith('__') ? '/' : 'x'])),
  )
  scrub(map, { store, globs: deb.scrub.map(({ path }) => path), epoch: 9 })
  expect(kept.filter((path) => !map.has(path))).toEqual([])
  expect(scrubbed.filter((path) => map.has(path))).toEqual([])
  expect([...map.keys()].filter((path) => /^(proc|sys|dev|run|tmp)/.test(path)).sort(compareText)).toEqual([
    'dev',
    'proc',
    'run',
    'sys',
    'tmp',
  ])
  expect(map.get('tmp')?.owner).toBe('package:base')
  expect(map.get('proc')).toMatchObject({ owner: 'step:mount-points', entry: { mode: 0o755, mtime: 9 } })
  // machine-id(5): empty, so that the first boot writes the node's own.
  expect(map.get('etc/machine-id')?.entry).toMatchObject({ type: 'file', size: 0, mode: 0o444 })
})

test('a directory by a scrubbed name stays while it holds something', () => {
  const map = mapOf(store, { 'etc/passwd-/odd': 'x' })
  scrub(map, { store, globs: [], epoch: 9 })
  expect(map.has('etc/passwd-')).toBe(true)
})
