import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digester, digestOf, hexOf, isDigest, shortDigest } from './digest.ts'
import { asDiskFull, writeFileAtomic } from './files.ts'
import { canonicalJson, compareText } from './json.ts'
import { type ProgressEvent, runTask } from './progress.ts'

describe('digests', () => {
  test('of a known text (FIPS 180-4, example B.1)', () => {
    const abc = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(digestOf('abc')).toBe(abc)
    expect(isDigest(abc)).toBe(true)
    expect(hexOf(digestOf('abc'))).toHaveLength(64)
    expect(shortDigest(abc)).toBe('ba7816bf8f01')
  })

  test('in pieces are those of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (chunks) => {
        const running = digester()
        for (const chunk of chunks) running.update(chunk)
        expect(running.digest()).toBe(digestOf(Buffer.concat(chunks)))
      }),
    )
  })

  test.each(['sha256:ABC', 'ba78', `sha256:${'0'.repeat(65)}`, `sha256:${'0'.repeat(64)}\n`, 3, null])(
    '%j is none',
    (value) => expect(isDigest(value)).toBe(false),
  )
})

describe('canonical JSON', () => {
  test('is valid JSON of the same value, and independent of key order', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.string(),
        tie('list'),
        tie('map'),
      ),
      list: fc.array(tie('any')),
      map: fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('any'),
        { noNullPrototype: true },
      ),
    })).any
    fc.assert(
      fc.property(value, (one) => {
        const text = canonicalJson(one)
        const back: unknown = JSON.parse(text)
        // -0 has no form of its own in JSON.
        expect(canonicalJson(back)).toBe(text)
        expect(text).toBe(canonicalJson(structuredClone(one)))
      }),
    )
    expect(canonicalJson({ b: 1, a: [2, { d: null, c: undefined }] })).toBe('{"a":[2,{"d":null}],"b":1}')
  })

  test.each([0.5, Number.NaN, 2 ** 53, 1n, () => 1])('refuses %s', (value) =>
    expect(() => canonicalJson(value)).toThrow(TypeError),
  )

  test('compareText orders by code unit', () => {
    expect(['b', 'a', 'B', 'ä'].sort(compareText)).toEqual(['B', 'a', 'b', 'ä'])
  })
})

describe('writeFileAtomic', () => {
  let directory = ''
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holotype-files-'))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  test('replaces the whole file, with its mode, and leaves nothing beside it', () => {
    const path = join(directory, 'a')
    writeFileSync(path, 'old and longer')
    writeFileAtomic(path, 'new', 0o600)
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['a'])
  })

  test('leaves the old file and nothing beside it when it cannot be replaced', () => {
    const inner = mkdtempSync(join(directory, 'd-'))
    const path = join(inner, 'target')
    // Renaming a file over a directory fails as the last step.
    rmSync(path, { force: true })
    mkdtempSync(`${path}-`)
    const [name = ''] = readdirSync(inner)
    expect(() => writeFileAtomic(join(inner, name), 'x')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
    expect(readdirSync(inner)).toEqual([name])
    chmodSync(inner, 0o755)
  })

  test('names a full disk', () => {
    expect(asDiskFull(Object.assign(new Error('x'), { code: 'ENOSPC' }), '/x')).toMatchObject({ code: 'DISK_FULL' })
    const other = new Error('other')
    expect(asDiskFull(other, '/x')).toBe(other)
  })

  test('names a full disk that the kernel reports', () => {
    // Opening /dev/full works, writing to it is ENOSPC: but a temporary beside it is in /dev, so only the mapping is shown here.
    expect(() => {
      try {
        writeFileSync('/dev/full', 'x')
      } catch (error) {
        throw asDiskFull(error, '/dev/full')
      }
    }).toThrow(expect.objectContaining({ code: 'DISK_FULL' }))
  })
})

describe('runTask', () => {
  test('ends a task once, also when it throws', async () => {
    const events: ProgressEvent[] = []
    const result = await runTask(
      (event) => events.push(event),
      { title: 'a', total: 1 },
      async (task) => {
        task.advance(1, { note: 'n' })
        task.note('closing')
        return 7
      },
    )
    expect(result).toBe(7)
    await expect(
      runTask(
        (event) => events.push(event),
        { title: 'b' },
        () => Promise.reject(new Error('no')),
      ),
    ).rejects.toThrow('no')
    expect(events.map((event) => [event.kind, 'outcome' in event ? event.outcome : ''])).toEqual([
      ['begin', ''],
      ['advance', ''],
      ['end', 'done'],
      ['begin', ''],
      ['end', 'failed'],
    ])
    expect(events[2]).toMatchObject({ note: 'closing' })
  })
})
