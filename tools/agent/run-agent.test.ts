import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ThrowAwayRoot, throwAwayRoot } from './throw-away-root.ts'

const RUN_AGENT = join(import.meta.dirname, '../../packaging/agent/run-agent')
const isRoot = process.getuid?.() === 0

let root: ThrowAwayRoot
beforeEach(() => {
  root = throwAwayRoot()
  copyFileSync(RUN_AGENT, join(root.srv, 'run-agent'))
  // In place of the executables a script that tells its name and what it is asked, and passes its self-test or not.
  writeFileSync(
    join(root.srv, 'agent'),
    '#!/bin/sh\necho "${0##*/} $*" >>/srv/log\n[ "$1" != self-test ] || [ ! -e /srv/broken ]\n',
    { mode: 0o755 },
  )
  writeFileSync(join(root.srv, 'date'), '#!/bin/sh\ncat /srv/hour\n', { mode: 0o755 })
  writeFileSync(join(root.srv, 'hour'), '2026-01-01T00')
})
afterEach(() => root[Symbol.dispose]())

/** What was asked of which executable. */
async function asked(before = ''): Promise<string[]> {
  rmSync(join(root.srv, 'log'), { force: true })
  await root.sh(`mkdir -p /var/lib/holotype
    cp /srv/date /usr/local/bin/date
    [ -e /usr/bin/holotype-agent ] || cp /srv/agent /usr/bin/holotype-agent
    ${before}
    PATH=/usr/local/bin:$PATH sh /srv/run-agent run --once`)
  const log = join(root.srv, 'log')
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
}

const KEEP = 'cp /srv/agent /var/lib/holotype/previous-agent'
const RUN = ['holotype-agent run --once']
const TESTED = ['holotype-agent self-test', ...RUN]
const BEFORE = ['holotype-agent self-test', 'previous-agent run --once']

describe.skipIf(!isRoot)('run-agent (skipped without root: in a throw-away root)', () => {
  test('tests nothing where there is nothing to go back to', async () => {
    expect(await asked()).toEqual(RUN)
  })

  test('tests an executable once, again when it is another one, and again in the next hour', async () => {
    expect(await asked(KEEP)).toEqual(TESTED)
    expect(await asked()).toEqual(RUN)
    expect(await asked('cp /srv/agent /usr/bin/new; mv /usr/bin/new /usr/bin/holotype-agent')).toEqual(TESTED)
    expect(await asked()).toEqual(RUN)
    writeFileSync(join(root.srv, 'hour'), '2026-01-01T01')
    expect(await asked()).toEqual(TESTED)
  })

  test('lets the one before run as long as the test fails', async () => {
    writeFileSync(join(root.srv, 'broken'), '')
    expect(await asked(KEEP)).toEqual(BEFORE)
    expect(await asked()).toEqual(BEFORE)
    rmSync(join(root.srv, 'broken'))
    expect(await asked()).toEqual(TESTED)
  })

  test('lets the one before run where the installed one is gone', async () => {
    expect(await asked(`${KEEP}; rm /usr/bin/holotype-agent`)).toEqual(['previous-agent run --once'])
  })

  test('tests each time where it cannot be noted that the test was passed', async () => {
    const hinder = 'mkdir -p /var/lib/holotype/self-test'
    expect(await asked(`${KEEP}; ${hinder}`)).toEqual(TESTED)
    expect(await asked(hinder)).toEqual(TESTED)
  })
})
