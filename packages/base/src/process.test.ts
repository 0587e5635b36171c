import { existsSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { run } from './process.ts'

describe('run', () => {
  test('passes arguments as they are: no shell between', async () => {
    const result = await run(['/bin/echo', '$HOME; `id` "x"', "it's"])
    expect(result.stdout.toString()).toBe('$HOME; `id` "x" it\'s\n')
  })

  test('gives the child nothing of our environment', async () => {
    expect(
      (await run(['env'], { env: { PATH: '/usr/bin:/bin', A: '1' } })).stdout.toString().split('\n').sort(),
    ).toEqual(['', 'A=1', 'PATH=/usr/bin:/bin'])
  })

  test('feeds input, gives lines as they come', async () => {
    const lines: string[] = []
    const input = 'a\nb\nlast'
    const result = await run(['cat'], { input, onLine: (line, stream) => lines.push(`${stream}:${line}`) })
    expect(result.stdout.toString()).toBe(input)
    expect(lines).toEqual(['stdout:a', 'stdout:b', 'stdout:last'])
  })

  test('feeds a stream, and what the stream throws is what the caller gets', async () => {
    async function* parts(end: () => void) {
      for (let index = 0; index < 20; index++) yield Buffer.alloc(100_000, index)
      end()
    }
    expect((await run(['wc', '-c'], { input: parts(() => {}) })).stdout.toString()).toBe('2000000\n')
    const broken = parts(() => {
      throw new Error('the disk is gone')
    })
    await expect(run(['cat'], { input: broken })).rejects.toThrow('the disk is gone')
    expect((await run(['true'], { input: parts(() => {}) })).code).toBe(0)
    const again = async function* () {
      const buffer = Buffer.alloc(100_000)
      for (let index = 0; index < 20; index++) yield buffer.fill(97 + index)
    }
    const { stdout } = await run(['sh', '-c', 'fold -w 100000 | cut -c1,100000'], { input: again() })
    expect(stdout.toString().trim()).toBe(
      Array.from({ length: 20 }, (_, index) => String.fromCharCode(97 + index).repeat(2)).join('\n'),
    )
  })

  test('a child that does not read its input is judged by its exit code', async () => {
    expect((await run(['true'], { input: Buffer.alloc(4_000_000) })).code).toBe(0)
  })

  test('an exit code that is not expected is PROCESS_FAILED with the end of stderr', async () => {
    const failing = run(['sh', '-c', 'echo first >&2; echo reason >&2; exit 3'])
    await expect(failing).rejects.toMatchObject({ code: 'PROCESS_FAILED', data: { exit: 3 } })
    await expect(failing).rejects.toThrow(/reason/)
    expect((await run(['sh', '-c', 'exit 3'], { okCodes: [0, 3] })).code).toBe(3)
  })

  test('a missing program is PROCESS_NOT_FOUND; a missing directory is not', async () => {
    await expect(run(['holotype-no-such-program'])).rejects.toMatchObject({ code: 'PROCESS_NOT_FOUND' })
    await expect(run(['true'], { cwd: '/no/such/directory' })).rejects.toMatchObject({ code: 'PROCESS_FAILED' })
  })

  test('a time-out ends the whole process group', async () => {
    const start = performance.now()
    // The grandchild would hold the pipe open for a minute if it lived on.
    await expect(run(['sh', '-c', 'sleep 60 & sleep 60'], { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'PROCESS_TIMEOUT',
    })
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  test('one that ignores TERM is killed', async () => {
    const deaf = run(['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'], { timeoutMs: 200 })
    await expect(deaf).rejects.toMatchObject({ code: 'PROCESS_TIMEOUT' })
  })

  test('output over the limit is an error, not memory', async () => {
    await expect(run(['yes'], { maxOutputBytes: 100_000 })).rejects.toMatchObject({ code: 'PROCESS_OUTPUT_LIMIT' })
  })

  test('an abort ends it, also one that came before the start', async () => {
    const controller = new AbortController()
    const running = run(['sleep', '60'], { signal: controller.signal })
    controller.abort()
    await expect(running).rejects.toMatchObject({ code: 'PROCESS_ABORTED' })
    await expect(run(['sleep', '60'], { signal: controller.signal })).rejects.toMatchObject({ code: 'PROCESS_ABORTED' })
  })

  test('a program that exits ends the groups it started', async () => {
    const library = new URL('process.ts', import.meta.url).href
    const script = `import { run } from '${library}'
      run(['sh', '-c', 'echo $$; exec sleep 60'], { onLine: (line) => { console.log(line); process.exit(0) } })`
    const { stdout } = await run([process.execPath, '--input-type=module', '--eval', script])
    const pid = Number(stdout.toString())
    expect(pid).toBeGreaterThan(1)
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}/exe`)).toBe(false))
  })

  test('characters cut by a chunk border arrive whole', async () => {
    const result = await run(['sh', '-c', "printf '\\303' >&2; sleep 0.1; printf '\\244' >&2"])
    expect(result.stderr).toBe('ä')
  })
})
