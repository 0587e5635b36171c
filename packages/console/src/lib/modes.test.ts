import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lsChange, modeLine } from './modes.ts'

test('modes read as ls prints them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holotype-console-'))
  try {
    const modes = [0o644, 0o755, 0o4755, 0o4644, 0o2755, 0o2654, 0o1777, 0o1776, 0o7777, 0o7000, 0o000, 0o600]
    const names = modes.map((mode) => {
      const path = join(folder, mode.toString(8))
      writeFileSync(path, '')
      chmodSync(path, mode)
      return path
    })
    const listed = execFileSync('ls', ['-ldU', ...names], { encoding: 'utf8' })
      .trim()
      .split('\n')
    const ours = names.map((path) => modeLine('file', statSync(path).mode & 0o7777))
    expect(ours).toEqual(listed.map((line) => line.slice(0, 10)))
    expect(ours).toContain('-rwsr-xr-x')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const facts = { type: 'file', mode: 0o755, uid: 0, gid: 0, size: 2048, digest: `sha256:${'a'.repeat(64)}` } as const

test('a change in metadata is told by the columns that differ', () => {
  expect(lsChange(facts, { ...facts, mode: 0o4755 })).toBe('-rwxr-xr-x → -rwsr-xr-x')
  expect(lsChange(facts, { ...facts, capabilities: 'cap_net_raw=ep', uid: 7 })).toBe('0:0 → 7:0  none → cap_net_raw=ep')
  expect(lsChange(facts, { ...facts, digest: `sha256:${'b'.repeat(64)}` })).toBe('content')
  expect(lsChange(facts, facts)).toBe('no difference in metadata')
  expect(lsChange(undefined, facts)).toBe('-rwxr-xr-x  0:0  2.00 KiB')
})
