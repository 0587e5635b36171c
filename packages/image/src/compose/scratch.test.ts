import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lutimesSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { openStore } from '@holotype/store'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../testing/temporary.ts'
import { makeScratch } from './scratch.ts'

const base = temporaryDirectory()
const store = openStore(base)
const folder = join(base, 'scratch')

test('is for its owner alone, and gone when it is disposed', () => {
  const made = []
  {
    using scratch = makeScratch(store)
    made.push(scratch.disk, scratch.memory)
    writeFileSync(join(scratch.memory, 'x'), 'x')
    for (const directory of [folder, scratch.disk]) expect(statSync(directory).mode & 0o077).toBe(0)
  }
  expect(made.filter((directory) => existsSync(directory))).toEqual([])
})

test('what a killed process left goes with the next; what a living one has stays', async () => {
  const code = `
    const { openStore } = await import(${JSON.stringify(import.meta.resolve('@holotype/store'))})
    const { makeScratch } = await import(${JSON.stringify(new URL('scratch.ts', import.meta.url).href)})
    const scratch = makeScratch(openStore(${JSON.stringify(base)}))
    console.log(JSON.stringify([scratch.disk, scratch.memory]))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(child.stdout, 'data')
    const left: string[] = JSON.parse(String(line))
    makeScratch(store)[Symbol.dispose]()
    expect(left.filter((directory) => !existsSync(directory))).toEqual([])
    child.kill('SIGKILL')
    await once(child, 'exit')
    // Not those in memory: whoever else composes on this machine may have removed them already.
    expect(left.filter((directory) => directory.startsWith(base) && !existsSync(directory))).toEqual([])
    makeScratch(store)[Symbol.dispose]()
    expect(left.filter((directory) => existsSync(directory))).toEqual([])
  } finally {
    child.kill('SIGKILL')
  }
})

test('those of another machine go by age alone', () => {
  using scratch = makeScratch(store)
  // Another place's name, and a process id that nobody has here.
  const other = (pid: number) =>
    join(folder, basename(scratch.disk).replace(/-[0-9a-f]{12}-\d+-/, `-000000000000-${pid}-`))
  const [young, old] = [other(4_190_001), other(4_190_002)]
  for (const directory of [young, old]) mkdirSync(directory)
  lutimesSync(old, 1, 1)
  makeScratch(store)[Symbol.dispose]()
  expect(readdirSync(folder).sort()).toEqual([basename(young), basename(scratch.disk)].sort())
})
