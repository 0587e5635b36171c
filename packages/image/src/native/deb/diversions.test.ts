import { join } from 'node:path'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { unpackedOf } from '../../testing/synthetic.ts'
import { temporaryDirectory } from '../../testing/temporary.ts'
import { diverting } from './diversions.ts'

const store = openStore(join(temporaryDirectory(), 'store'))

const diverts = (preinst: string) =>
  diverting(store, [unpackedOf(store, { name: 'a', control: { preinst: `#!/bin/sh\n${preinst}\n` } })]).length === 1

test.each([
  // As molly-guard, dash of Debian 12 and the C library of Debian 13 have it.
  ['dpkg-divert --package a --rename --add --divert "$D/halt" /sbin/halt', true],
  ['dpkg-divert --package a --divert /bin/sh.distrib \\\n  /bin/sh', true],
  ['dpkg-divert --add --no-rename --divert /lib64/ld.so.usr-is-merged /lib64/ld.so', false],
  ['dpkg-divert --package a \\\n  --no-rename --remove /bin/gzip', false],
  ['[ "$(dpkg-divert --truename /bin/sh)" = /bin/sh ]', false],
  ['[ "$(dpkg-divert --listpackage /bin/sh)" = a ] || dpkg-divert --add --rename /bin/sh', true],
  ['echo nothing', false],
])('%j moves files: %s', (script, expected) => {
  expect(diverts(script)).toBe(expected)
})
