import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { FileDetails } from '../types.ts'
import { detailsOf } from './details.ts'
import { factChanges } from './fact-changes.ts'
import { CONTAINER_DEPTH, DESCRIBED_BYTES, UNPACKED_BYTES, VALUES_SHOWN } from './limits.ts'

describe('factChanges', () => {
  it('compares values as values and lists as sets', () => {
    const before = { same: 'x', value: 'a', gone: 'b', list: ['1', '2'], order: ['1', '2'] }
    const after = { same: 'x', value: 'A', come: 'c', list: ['2', '3'], order: ['2', '1'] }
    expect(factChanges(before, after)).toEqual([
      { name: 'value', before: 'a', after: 'A' },
      { name: 'gone', before: 'b' },
      { name: 'list', added: ['3'], removed: ['1'] },
      { name: 'come', after: 'c' },
    ])
  })

  it('counts what it does not name', () => {
    const many = Array.from({ length: VALUES_SHOWN + 5 }, (_, index) => String(index))
    expect(factChanges({}, { list: many })).toEqual([
      { name: 'list', added: many.slice(0, VALUES_SHOWN), removed: [], more: 5 },
    ])
  })
})

describe('detailsOf', () => {
  it('looks into what is packed larger than a file may be', () => {
    const packed = (end: string) =>
      gzipSync(Buffer.concat([Buffer.alloc(DESCRIBED_BYTES), Buffer.from(end)]), { level: 1 })
    const inner = (end: string) => zstdCompressSync(packed(end))
    expect(detailsOf({ path: '/x.gz.zst', before: inner('a'), after: inner('b') })).toMatchObject({
      members: [{ path: 'x.gz', change: 'changed', details: { members: [{ path: 'x', change: 'changed' }] } }],
    })
  })

  it('ends at the depth of containers, and where one unpacks to too much', () => {
    const nest = (bytes: Buffer, times: number): Buffer => (times === 0 ? bytes : nest(gzipSync(bytes), times - 1))
    const deep = (text: string) => nest(Buffer.from(text), CONTAINER_DEPTH + 3)
    const depthOf = (details: FileDetails | undefined): number =>
      details === undefined ? 0 : 1 + depthOf(details.members[0]?.details)
    expect(depthOf(detailsOf({ path: '/x', before: deep('a'), after: deep('b') }))).toBe(CONTAINER_DEPTH + 1)
    const bomb = gzipSync(Buffer.alloc(UNPACKED_BYTES + 1), { level: 1 })
    expect(detailsOf({ path: '/x.gz', before: gzipSync('a'), after: bomb })?.members).toEqual([
      { path: 'x', change: 'changed', details: { format: '', unreadable: true, facts: [], members: [] } },
    ])
  })
})
