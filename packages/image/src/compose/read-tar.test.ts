import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../testing/temporary.ts'
import { readTar, type TarMember } from './read-tar.ts'

const isRoot = process.getuid?.() === 0
const base = temporaryDirectory()
let archives = 0

function archived(fill: (directory: string) => void): { path: string; members: Map<string, TarMember> } {
  const directory = join(base, `tree-${++archives}`)
  mkdirSync(directory)
  fill(directory)
  const path = `${directory}.tar`
  const options = ['--format=pax', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--sort=name']
  execFileSync('tar', ['--create', '--file', path, '--directory', directory, ...options, '.'], {
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
  })
  return { path, members: new Map([...readTar(path)].map((member) => [member.path, member])) }
}

const attribute = (path: string, name: string, value: Buffer) =>
  execFileSync('python3', [
    '-c',
    'import os,sys;os.setxattr(sys.argv[1],sys.argv[2],bytes.fromhex(sys.argv[3]))',
    path,
    name,
    value.toString('hex'),
  ])

describe('what GNU tar writes', () => {
  test('names longer than a header, and not ASCII', () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(200)}`
    const { members } = archived((directory) => {
      mkdirSync(join(directory, 'd'.repeat(120)))
      writeFileSync(join(directory, long), 'x')
      symlinkSync('t'.repeat(300), join(directory, 'link'))
      writeFileSync(join(directory, 'Főtanúsítvány'), 'ű')
      symlinkSync('Főtanúsítvány', join(directory, 'ünlink'))
    })
    expect(members.get(long)?.bytes.toString()).toBe('x')
    expect(members.get('link')?.target).toBe('t'.repeat(300))
    expect(members.get('Főtanúsítvány')?.bytes.toString()).toBe('ű')
    expect(members.get('ünlink')?.target).toBe('Főtanúsítvány')
  })

  test.skipIf(!existsSync('/usr/bin/python3'))(
    'attributes of any bytes (skipped without python3: sets them), keys and values of several files apart',
    () => {
      const binary = Buffer.from([0, 10, 61, 255, 32, 0, 10])
      const { members } = archived((directory) => {
        for (const name of ['a', 'b', 'c']) writeFileSync(join(directory, name), name)
        attribute(join(directory, 'a'), 'user.binary', binary)
        attribute(join(directory, 'b'), 'user.other', Buffer.from('x'))
      })
      expect(members.get('a')?.xattrs).toEqual({ 'user.binary': binary.toString('base64') })
      expect(members.get('b')?.xattrs).toEqual({ 'user.other': 'eA==' })
      expect(members.get('c')?.xattrs).toEqual({})
    },
  )

  test('sparse files whole, hard links by the path stored first, sizes around a block', () => {
    const { members } = archived((directory) => {
      writeFileSync(join(directory, 'sparse'), 'x')
      truncateSync(join(directory, 'sparse'), 100_000)
      for (const size of [0, 511, 512, 513]) writeFileSync(join(directory, `s${size}`), Buffer.alloc(size, 65))
      linkSync(join(directory, 's513'), join(directory, 's513-again'))
    })
    expect(members.get('sparse')?.bytes.length).toBe(100_000)
    expect(members.get('sparse')?.bytes.subarray(0, 2)).toEqual(Buffer.from([120, 0]))
    for (const size of [0, 511, 512, 513]) expect(members.get(`s${size}`)?.bytes).toEqual(Buffer.alloc(size, 65))
    expect(members.get('s513-again')).toMatchObject({ type: 'hardlink', target: './s513' })
  })

  test('times before the epoch and within a second, fifos, modes', () => {
    const { members } = archived((directory) => {
      writeFileSync(join(directory, 'old'), '')
      execFileSync('touch', ['--date=@-1000', join(directory, 'old')])
      writeFileSync(join(directory, 'half'), '')
      lutimesSync(join(directory, 'half'), 1000.75, 1000.75)
      execFileSync('mkfifo', [join(directory, 'fifo')])
      chmodSync(join(directory, 'fifo'), 0o4711)
    })
    expect(members.get('old')?.mtime).toBe(-1000)
    expect(members.get('half')?.mtime).toBe(1000)
    expect(members.get('fifo')).toMatchObject({ type: 'fifo', mode: 0o4711 })
  })

  test.skipIf(!isRoot)('owners too large for a header, devices, whiteouts (skipped without root)', () => {
    const { members } = archived((directory) => {
      writeFileSync(join(directory, 'owned'), '')
      lchownSync(join(directory, 'owned'), 2_147_352_576, 4_000_000_000)
      execFileSync('mknod', [join(directory, 'gone'), 'c', '0', '0'])
      execFileSync('mknod', [join(directory, 'disk'), 'b', '259', '300'])
    })
    expect(members.get('owned')).toMatchObject({ uid: 2_147_352_576, gid: 4_000_000_000 })
    expect(members.get('gone')).toMatchObject({ type: 'character', major: 0, minor: 0 })
    expect(members.get('disk')).toMatchObject({ type: 'block', major: 259, minor: 300 })
  })
})

test('an archive that ends early is an error, not a shorter file', () => {
  const { path } = archived((directory) => writeFileSync(join(directory, 'a'), Buffer.alloc(5000, 1)))
  const whole = readFileSync(path)
  for (const length of [700, 1024, 3000]) {
    writeFileSync(path, whole.subarray(0, length))
    expect(() => [...readTar(path)]).toThrow(expect.objectContaining({ code: 'IMAGE_MALFORMED' }))
  }
})

test('a name that is not UTF-8 is an error, not another name', () => {
  const odd = () =>
    archived((directory) => writeFileSync(Buffer.concat([Buffer.from(`${directory}/a`), Buffer.from([0xff])]), 'x'))
  expect(odd).toThrow(/is not UTF-8/)
})
