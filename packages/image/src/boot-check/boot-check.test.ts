import { expect, test } from 'vitest'
import { openStore } from '@holotype/store'
import { temporaryDirectory } from '../testing/temporary.ts'
import { openSource } from '../export/source.ts'
import { sampleImage } from '../export/testing/sample-image.ts'
import { bootChecksOf } from './boot-checks.ts'
import { SHELL_PATHS } from './guest-shell.ts'
import { notOurs, outcomeOf } from './guest-node.ts'

test('a spec that says nothing of checks gets the defaults', () => {
  const store = openStore(temporaryDirectory())
  const { manifest } = openSource(store, sampleImage(store))
  expect(bootChecksOf(store, manifest)).toEqual({
    units: [],
    may_fail: [],
    ports: [],
    other_ports: false,
    commands: [],
    timeout: 300,
  })
  const spec = store.putJson({
    boot_checks: { ports: ['tcp/22'], commands: [{ run: ['true'], timeout: 30 }], timeout: 60 },
  })
  expect(bootChecksOf(store, { ...manifest, spec })).toMatchObject({
    ports: ['tcp/22'],
    commands: [{ run: ['true'] }],
    timeout: 60,
  })
})

test("what the agent said is its last result or error; a guest's other words are passed over", () => {
  const said = '{"event":{"kind":"begin"}}\nnoise {\n{"result":{"outcome":"converged"}}\n[ 3.1] kernel: noise\nready'
  expect(outcomeOf(said)).toEqual({ result: { outcome: 'converged' } })
  expect(outcomeOf(`${said}\n{"error":{"code":"X"}}`)).toEqual({ error: { code: 'X' } })
  expect(() => outcomeOf('no such file')).toThrow(/the agent said nothing to build on: no such file/)
})

test("the guest's shell is no difference, its neighbours are", () => {
  const [unit = '', link = ''] = SHELL_PATHS
  const own = [
    { path: unit, kinds: ['extra'] },
    { path: link, kinds: ['extra'] },
    { path: '/etc/systemd/system', kinds: ['mtime'] },
  ]
  const others = [
    { path: '/etc/systemd/system', kinds: ['mode'] },
    { path: `${unit}.d`, kinds: ['extra'] },
    { path: '/etc/machine-id', kinds: ['content'] },
  ]
  expect(notOurs([...own, ...others])).toEqual(others)
})
