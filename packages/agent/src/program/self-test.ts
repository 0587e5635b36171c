import { createPublicKey, verify } from 'node:crypto'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { digestOf, run } from '@holotype/base'
import { readConfig, readNodeKey } from '../config.ts'
import { fail } from '../errors.ts'
import { messageOf } from '../explain.ts'
import { readJournal, readNodeState } from '../state/node-state.ts'

/** One thing that a run cannot do without. */
type Part = readonly [what: string, works: () => boolean | Promise<boolean>]

/**
 * Whether this executable can do its work on this machine: every part of a run is loaded, and what a run stands on is tried, with nothing from
 * outside the machine. What a node decides by it (whether the executable before this one runs) is so nothing that a mirror can bring about.
 * @throws AGENT_SELF_TEST with the parts that fail
 */
export async function selfTest(state: string): Promise<readonly string[]> {
  const passed: string[] = []
  const failed: string[] = []
  for (const [what, works] of partsOf(state)) {
    try {
      if (await works()) passed.push(what)
      else failed.push(what)
    } catch (error) {
      failed.push(`${what} (${messageOf(error)})`)
    }
  }
  if (failed.length > 0) throw fail('AGENT_SELF_TEST', { what: `does not work: ${failed.join('; ')}` })
  return passed
}

function partsOf(state: string): readonly Part[] {
  return [
    ['all parts of a run', loadsAll],
    ['SHA-256', () => digestOf(Buffer.from('abc')) === ABC],
    ['Ed25519', () => verify(null, Buffer.alloc(0), ed25519Key(), Buffer.from(SIGNATURE, 'hex'))],
    ['zstd', () => zstdDecompressSync(Buffer.from(FRAME, 'hex')).toString() === 'holotype'],
    ['files below open directories', placesFiles],
    ['tar', async () => (await run(['tar', '--version'])).stdout.length > 0],
    ['sync', async () => (await run(['sync', '--version'])).stdout.length > 0],
    ['the state directory', () => readsState(state)],
  ]
}

async function loadsAll(): Promise<boolean> {
  const parts = await Promise.all([import('../run-once.ts'), import('../verify.ts'), import('../rollback/rollback.ts')])
  return parts.every((part) => Object.keys(part).length > 0)
}

/** The way every file goes into the root: written aside, renamed into a directory that is held open. */
function placesFiles(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'holotype-self-test-'))
  try {
    const directory = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      writeFileSync(join(place, 'aside'), 'bytes')
      renameSync(join(place, 'aside'), `/proc/self/fd/${directory}/file`)
      return readFileSync(`/proc/self/fd/${directory}/file`, 'utf8') === 'bytes'
    } finally {
      closeSync(directory)
    }
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** What enrolment and earlier runs left must still be read; before enrolment there is nothing to read. */
function readsState(state: string): boolean {
  try {
    readConfig(state)
    readNodeKey(state)
  } catch (error) {
    const { code } = error instanceof Error && 'code' in error ? error : { code: '' }
    if (code !== 'AGENT_NOT_ENROLLED') throw error
  }
  readNodeState(state)
  readJournal(state)
  return true
}

/** FIPS 180-2, appendix B.1. */
const ABC = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
/** RFC 8032, section 7.1, test 1: the empty message. */
const PUBLIC = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const SIGNATURE =
  'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'
/** `printf holotype | zstd`. */
const FRAME = '28b52ffd0458410000686f6c6f747970654ce4a850'

function ed25519Key() {
  const x = Buffer.from(PUBLIC, 'hex').toString('base64url')
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
}
