import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageOf, loadDistribution, lockPathOf } from '@holotype/distribution'
import { formatLock, type Lock } from '@holotype/solver'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askedBy, lockToCompose } from './images.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-test-'))
  mkdirSync(join(directory, 'images'))
  writeFileSync(join(directory, 'holotype.yaml'), 'name: acme\nupstreams: {}\n')
})
afterEach(() => rmSync(directory, { recursive: true }))

function distributionWith(spec: string) {
  writeFileSync(join(directory, 'images/web.yaml'), spec)
  return loadDistribution(directory)
}

test('a lock is composed from as long as the spec asks for what it was made for', () => {
  const before = distributionWith('packages: [dash]\n')
  const lock = (asked: Partial<Lock>): void =>
    writeFileSync(
      lockPathOf(before, 'web'),
      formatLock({
        schema: 'holotype.lock/1',
        image: 'web',
        format: 'deb',
        architecture: 'amd64',
        snapshots: {},
        packages: [],
        ...asked,
      }),
    )
  lock({ asked: askedBy(imageOf(before, 'web')) })
  const composes = (spec: string) => lockToCompose(distributionWith(spec), 'web', undefined).image
  expect(composes('packages: [dash]\nsysctl: { net.core.somaxconn: "1" }\n')).toBe('web')
  for (const other of [
    'packages: [dash, less]\n',
    'packages: [dash]\nexclude: [sed]\n',
    'packages: [dash]\nrecommends: true\n',
  ])
    expect(() => composes(other)).toThrow(expect.objectContaining({ code: 'LOCK_OUTDATED' }))
  // Given by its file, or by somebody who does not say what was asked.
  expect(lockToCompose(distributionWith('packages: [less]\n'), 'web', lockPathOf(before, 'web')).image).toBe('web')
  lock({})
  expect(composes('packages: [less]\n')).toBe('web')
})
