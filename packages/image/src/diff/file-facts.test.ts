import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, run } from '@holotype/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCapabilities } from './capabilities.ts'
import { modeString } from './file-facts.ts'
import { temporaryDirectory } from './testing/temporary.ts'

const directory = temporaryDirectory()

describe('modeString', () => {
  it('writes what ls(1) writes', async () => {
    const modes = [0o644, 0o755, 0o4755, 0o4644, 0o2755, 0o2644, 0o6711, 0o1777, 0o1666, 0o7777, 0o7000, 0, 0o777]
    for (const type of ['file', 'directory'] as const) {
      for (const mode of modes) {
        const path = join(directory, `${type}-${mode}`)
        if (type === 'directory') mkdirSync(path)
        else writeFileSync(path, '')
        chmodSync(path, mode)
        const { stdout } = await run(['stat', '-c', '%A', path])
        expect(modeString({ type, mode })).toBe(stdout.toString().trim())
      }
    }
  })
})

describe('decodeCapabilities', () => {
  const encode = (revision: number, effective: boolean, words: readonly number[]) => {
    const bytes = Buffer.alloc(4 + words.length * 4)
    bytes.writeUInt32LE(((revision << 24) | (effective ? 1 : 0)) >>> 0, 0)
    for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, 4 + index * 4)
    return bytes.toString('base64')
  }

  it('names what a file may do', () => {
    expect(decodeCapabilities(encode(2, true, [1 << 13, 0, 0, 0]))).toBe('cap_net_raw=ep')
    expect(decodeCapabilities(encode(2, false, [(1 << 10) | (1 << 13), 1 << 21, 1 << 7, 0]))).toBe(
      'cap_net_bind_service,cap_net_raw,cap_bpf=p cap_sys_admin=i',
    )
    expect(decodeCapabilities(encode(3, true, [1, 0, 0, 0, 100000]))).toBe('cap_chown=ep [rootid=100000]')
    expect(decodeCapabilities(encode(1, true, [1 << 31, 0]))).toBe('cap_setfcap=ep')
    expect(decodeCapabilities(encode(2, true, [0, 0, 1 << 31, 0]))).toBe('cap_63=ep')
  })

  it('never passes an attribute it does not know for none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
        expect(decodeCapabilities(Buffer.from(bytes).toString('base64'))).not.toBe('')
      }),
    )
    expect(decodeCapabilities('')).toBe('unknown ()')
    expect(decodeCapabilities(encode(9, true, [1, 0, 0, 0]))).toMatch(/^unknown \(/)
  })

  it('agrees with getcap(8) (skipped where setcap is not installed or may not set)', async ({ skip }) => {
    const path = join(directory, 'capable')
    writeFileSync(path, '')
    const shown = await run(['setcap', 'cap_net_bind_service,cap_net_raw=ep', path])
      .then(() => run(['getfattr', '--only-values', '-n', 'security.capability', path]))
      .catch((error: unknown) => errnoOf(error))
    if (typeof shown !== 'object') return skip(`setcap or getfattr: ${shown}`)
    const { stdout } = await run(['getcap', path])
    expect(stdout.toString().trim()).toBe(`${path} ${decodeCapabilities(shown.stdout.toString('base64'))}`)
  })
})
