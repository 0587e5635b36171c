import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ELF_BYTES, ELF_MEMORY_BYTES } from '../limits.ts'
import { sampleElf } from '../testing/elf.ts'
import { haveTools, scratch, skipReason } from '../testing/tools.ts'
import type { ElfSource } from './layout.ts'
import { elfSonames, isElf } from './sonames.ts'
import { elfCollector } from './spool.ts'

const NAMES = { soname: 'libsample.so.3', needed: ['libc.so.6', 'libm.so.6'] }

test.each([
  [8, false],
  [8, true],
  [4, false],
  [4, true],
] as const)('words of %i bytes, big-endian: %s', (wordBytes, bigEndian) => {
  expect(elfSonames(sampleElf({ ...NAMES, wordBytes, bigEndian }))).toEqual(NAMES)
  expect(elfSonames(sampleElf({ needed: [], wordBytes, bigEndian }))).toEqual({ needed: [] })
})

test('what is no ELF file has none', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'), Buffer.from('\x7fELF'), Buffer.alloc(5000, 0x7f)])
    expect(elfSonames(bytes)).toBeUndefined()
})

test('a damaged file is read or is none', () => {
  const sound = sampleElf(NAMES)
  const bytes = fc.array(fc.tuple(fc.nat({ max: sound.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(bytes, fc.nat({ max: sound.length }), (changes, length) => {
      const damaged = Buffer.from(sound)
      for (const [at, byte] of changes) damaged[at] = byte
      for (const file of [damaged, damaged.subarray(0, length)]) {
        const found = elfSonames(file)
        for (const name of [...(found?.needed ?? []), found?.soname ?? '-']) expect(name).toMatch(/^[!-~]+$/)
      }
    }),
    { numRuns: 2000 },
  )
})

test('names that would fill the memory are not read', () => {
  const needs = (count: number) => sampleElf({ needed: Array.from({ length: count }, () => 'n'.repeat(4000)) })
  expect(elfSonames(needs(262))?.needed).toHaveLength(262)
  expect(elfSonames(needs(263))).toBeUndefined()
})

describe('a file that streams by', () => {
  const collect = (bytes: Buffer, step: number) => {
    using collector = elfCollector(bytes.length)
    for (let at = 0; at < bytes.length; at += step) collector.add(bytes.subarray(at, at + step))
    return collector.end()
  }

  test.each([1, 3, 4096])('in chunks of %i', (step) => {
    expect(collect(sampleElf(NAMES), step)).toEqual(NAMES)
    expect(collect(Buffer.alloc(2000, 'text'), step)).toBeUndefined()
  })

  test('is spooled when it is large, and let go by when it is huge', () => {
    const large = sampleElf({ ...NAMES, text: ELF_MEMORY_BYTES })
    expect(collect(large, 1024 * 1024)).toEqual(NAMES)
    using huge = elfCollector(ELF_BYTES + 1)
    huge.add(sampleElf(NAMES))
    expect(huge.end()).toBeUndefined()
  })
})

test.skipIf(!haveTools('objcopy'))(
  `separate debug information has none, a file without sections has its own${skipReason('objcopy')}`,
  async () => {
    using directory = scratch()
    const small = (await run(['which', 'objcopy'])).stdout.toString().trim()
    expect(sonamesOf(small)?.needed).toContain('libc.so.6')
    await run(['objcopy', '--only-keep-debug', small, directory.at('debug')])
    expect(isElfFile(directory.at('debug'))).toBe(true)
    expect(sonamesOf(directory.at('debug'))).toBeUndefined()
    const bytes = readFileSync(small)
    // e_shoff and e_shnum of either class: nothing is said of sections.
    if (bytes[4] === 2) bytes.fill(0, 40, 48).fill(0, 60, 62)
    else bytes.fill(0, 32, 36).fill(0, 48, 50)
    expect(elfSonames(bytes)).toEqual(sonamesOf(small))
  },
)

const DIRECTORIES = ['/usr/bin', '/usr/sbin', '/usr/lib/x86_64-linux-gnu']

test.skipIf(!haveTools('readelf'))(
  `readelf finds the same in this machine's programs and libraries${skipReason('readelf')}`,
  async () => {
    const files = DIRECTORIES.flatMap((directory) => {
      try {
        return readdirSync(directory).map((name) => `${directory}/${name}`)
      } catch {
        return []
      }
    }).filter((path) => lstatSync(path).isFile() && isElfFile(path))
    expect(files.length).toBeGreaterThan(100)
    const { stdout } = await run(['readelf', '--dynamic', '--wide', ...files], { okCodes: [0, 1], maxOutputBytes: 1e8 })
    const expected = new Map<string, { needed: string[]; soname?: string }>()
    let current: { needed: string[]; soname?: string } | undefined
    for (const line of stdout.toString().split('\n')) {
      const file = /^File: (.*)$/.exec(line)?.[1]
      if (file !== undefined) {
        current = { needed: [] }
        expected.set(file, current)
      }
      const [, tag, name = ''] = /\((NEEDED|SONAME)\).*\[(.*)\]$/.exec(line) ?? []
      if (tag === 'NEEDED') current?.needed.push(name)
      if (tag === 'SONAME' && current) current.soname = name
    }
    for (const path of files) expect(sonamesOf(path) ?? { needed: [] }, path).toEqual(expected.get(path))
  },
)

/** A file read by ranges, as the spool is. */
function open(path: string): ElfSource & Disposable {
  const file = openSync(path, 'r')
  const { size } = fstatSync(file)
  return {
    size,
    read(offset, length) {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset))
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}

function isElfFile(path: string): boolean {
  using file = open(path)
  return isElf(file.read(0, 4))
}

function sonamesOf(path: string): ReturnType<typeof elfSonames> {
  using file = open(path)
  return elfSonames(file)
}
