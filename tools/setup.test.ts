import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { complaint } from '../examples/acme/demo/complaint.ts'

const TOOLS = import.meta.dirname

let scratch = ''
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'holotype-setup-'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** A directory of programs that a script finds and no others: some of the machine's, and some that only say how they were called. */
function programs(name: string, fake: Readonly<Record<string, string>>, real: readonly string[]): string {
  const directory = join(scratch, name)
  mkdirSync(directory)
  for (const [program, body] of Object.entries(fake)) {
    writeFileSync(join(directory, program), `#!/bin/bash\n${body}\n`)
    chmodSync(join(directory, program), 0o755)
  }
  for (const program of real) {
    symlinkSync(execFileSync('which', [program]).toString().trim(), join(directory, program))
  }
  return directory
}

describe('as-root', () => {
  const run = (path: string) =>
    spawnSync(
      '/bin/bash',
      [join(TOOLS, 'as-root'), 'to try this.', 'env', 'SECRET=1', 'printf', '%s', 'what was to run'],
      { env: { PATH: path }, encoding: 'utf8' },
    )

  test('runs the program at once for root, and says nothing', () => {
    const { status, stdout, stderr } = run(programs('root', { id: 'echo 0' }, ['env', 'printf']))
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'what was to run', stderr: '' })
  })

  test('says why and goes through sudo for others, with that one program', () => {
    const fake = { id: 'echo 1000', sudo: 'printf "sudo[%s]" "$@"' }
    const { stdout, stderr } = run(programs('sudo', fake, []))
    expect(stdout).toBe('sudo[--]sudo[env]sudo[SECRET=1]sudo[printf]sudo[%s]sudo[what was to run]')
    expect(stderr).toMatch(/^Root is needed to try this\.\n.*: printf %s what was to run\n$/)
  })

  test('stops where there is no sudo', () => {
    const { status, stdout, stderr } = run(programs('none', { id: 'echo 1000' }, []))
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('no sudo here')
  })
})

describe('the Debian packages', () => {
  const lines = readFileSync(join(TOOLS, 'debian-packages.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

  test('each have a purpose and a reason', () => {
    expect(lines.length).toBeGreaterThan(8)
    for (const line of lines) expect(line).toMatch(/^(?:demo|test) {2}[a-z0-9+.-]+ {2,}\S.+$/)
  })

  test('of the demo are few, and no browser is among them', () => {
    const demo = lines.filter((line) => line.startsWith('demo'))
    expect(demo.length).toBeLessThan(9)
    expect(demo.join('\n')).not.toContain('chromium')
  })
})

describe('the demo', () => {
  test('runs where nothing speaks against it', () => {
    expect(complaint({ uid: 0, work: '/work/demo' })).toBeUndefined()
  })

  test('says that it needs root', () => {
    expect(complaint({ uid: 1000, work: '/work/demo' })).toContain('needs root')
  })

  test.each(['/a b/demo', '/a,b/demo', '/a:b/demo', '/a\\b/demo'])('says that it cannot mount in %s', (work) => {
    expect(complaint({ uid: 0, work })).toContain('DEMO_WORK=')
  })
})
