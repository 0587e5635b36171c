import { expect, test } from 'vitest'
import type { LeafWork } from '../tree/plan.ts'
import { inPlacingOrder } from './order.ts'

const owned = { name: '', uid: 0, gid: 0, mtime: 0, mode: 0o755 } as const
const file = (path: string): LeafWork => ({
  path,
  entry: { ...owned, type: 'file', size: 0, digest: `sha256:${'0'.repeat(64)}` },
})
const link = (path: string): LeafWork => ({ path, entry: { ...owned, type: 'symlink', target: 'x' } })

test('the C library comes first and in one go, then libraries, their links, what uses them, and links to that', () => {
  const lib = '/usr/lib/x86_64-linux-gnu'
  const order = inPlacingOrder([
    link('/bin/sh'),
    file('/usr/bin/node'),
    link(`${lib}/libssl.so.3`),
    file(`${lib}/libcrypto.so.3`),
    file(`${lib}/libc.so.6`),
    file('/usr/sbin/sshd'),
    file(`${lib}/libssl.so.3.0.17`),
    file(`${lib}/ld-linux-x86-64.so.2`),
    file(`${lib}/libcap.so.2.66`),
    file(`${lib}/libnss_files-2.31.so`),
    file('/usr/share/doc/libfoo.so.README'),
  ]).map(({ path }) => path.replace(`${lib}/`, ''))
  expect(order).toEqual([
    'libc.so.6',
    'ld-linux-x86-64.so.2',
    'libnss_files-2.31.so',
    'libcrypto.so.3',
    'libssl.so.3.0.17',
    'libcap.so.2.66',
    '/usr/share/doc/libfoo.so.README',
    'libssl.so.3',
    '/usr/bin/node',
    '/usr/sbin/sshd',
    '/bin/sh',
  ])
})
