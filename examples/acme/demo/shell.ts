import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Workplace } from './workplace.ts'

const ROOT = join(import.meta.dirname, '../../..')
const HOLOTYPE = join(ROOT, 'bin/holotype')
const AGENT = join(ROOT, 'bin/holotype-agent')
const STOP_MS = 10_000
const COLOURED = process.stdout.isTTY && !process.env.NO_COLOR

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly seconds: number
}

export interface RunOptions {
  readonly cwd?: string
  /** Keep standard output instead of showing it. */
  readonly quiet?: boolean
  readonly okCodes?: readonly number[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the public commands as a person would, shows what they print, and ends every process that it started. */
export class Shell implements AsyncDisposable {
  readonly #background = new Map<ChildProcess, string>()
  #stopping = false
  /** What a program that should have stayed said when it ended. */
  #ended: string | undefined

  heading(text: string): void {
    this.say(`\n${this.bold(`── ${text} ${'─'.repeat(Math.max(0, 96 - text.length))}`)}`)
  }

  say(text: string): void {
    process.stdout.write(`${text}\n`)
  }

  bold(text: string): string {
    return COLOURED ? `\u001b[1m${text}\u001b[0m` : text
  }

  dim(text: string): string {
    return COLOURED ? `\u001b[2m${text}\u001b[0m` : text
  }

  /** `holotype …` in the demo's distribution. */
  holotype(place: Workplace, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    this.say(this.dim(`$ holotype ${words.map(quoted).join(' ')}`))
    const colour = COLOURED ? ['--color'] : []
    return this.run([HOLOTYPE, ...words, ...colour], {
      cwd: place.distribution,
      ...options,
      env: { ...environment(place), ...options.env },
    })
  }

  /** `holotype … --json`, parsed; nothing is shown but the command. */
  async holotypeJson(place: Workplace, words: readonly string[]): Promise<unknown> {
    const { stdout } = await this.run([HOLOTYPE, ...words, '--json', '--quiet'], {
      cwd: place.distribution,
      quiet: true,
      env: environment(place),
    })
    return JSON.parse(stdout)
  }

  /** `holotype-agent …` */
  agent(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return this.run([AGENT, ...words], options)
  }

  /** Ends the demo when the server or an agent has ended: there is nothing to wait for any more. */
  checkBackground(): void {
    if (this.#ended !== undefined && !this.#stopping) throw new Error(this.#ended)
  }

  async run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<Ran> {
    this.checkBackground()
    const [program, ...args] = argv
    const start = performance.now()
    const child = spawn(program, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', options.quiet ? 'pipe' : 'inherit', 'inherit'],
    })
    this.#background.set(child, argv.join(' '))
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    const [code] = await once(child, 'close')
    this.#background.delete(child)
    const result = {
      code: Number(code ?? -1),
      stdout: Buffer.concat(chunks).toString(),
      seconds: (performance.now() - start) / 1000,
    }
    if (!this.#stopping && !(options.okCodes ?? [0]).includes(result.code)) {
      throw new Error(`${argv.slice(1).join(' ')} ended with code ${result.code}`)
    }
    return result
  }

  /** Starts a program that stays, its output into a log. Gives its process id. */
  background(
    argv: readonly [string, ...string[]],
    options: { readonly log: string; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
  ): number {
    const [program, ...args] = argv
    const log = createWriteStream(options.log, { flags: 'a' })
    const child = spawn(program, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(log)
    child.stderr.pipe(log, { end: false })
    this.#background.set(child, argv.join(' '))
    child.once('exit', (code) => {
      const known = this.#background.delete(child)
      if (!known || this.#stopping) return
      const last = readFileSync(options.log, 'utf8').slice(-2000)
      this.#ended ??= `${argv.slice(0, 2).join(' ')} ended early with code ${code}:\n${last}`
    })
    if (child.pid === undefined) throw new Error(`${program} could not be started`)
    return child.pid
  }

  /** The command line of the server or of an agent, for {@link background}. */
  programs(): { readonly holotype: [string]; readonly agent: [string] } {
    return { holotype: [HOLOTYPE], agent: [AGENT] }
  }

  async untilInterrupted(text: string): Promise<void> {
    this.say(text)
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    })
  }

  /** Ends what was started, agents and server, and waits until it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true
    const children = [...this.#background.keys()].filter(
      (child) => child.exitCode === null && child.signalCode === null,
    )
    const ended = children.map((child) => once(child, 'exit'))
    for (const child of children) child.kill('SIGTERM')
    const timer = setTimeout(() => {
      for (const child of children) child.kill('SIGKILL')
    }, STOP_MS)
    await Promise.all(ended)
    clearTimeout(timer)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** A word as one would type it. */
function quoted(word: string): string {
  return /^[\w./:=~@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

export function environment(place: Workplace): Record<string, string> {
  return { HOLOTYPE_HOME: place.home, HOLOTYPE_ACTOR: 'alice' }
}
