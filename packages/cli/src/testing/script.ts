import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * A text script: lines `$ holotype …` are run, what stands below them is what they print (stdout as it is, stderr after `! `, `[exit N]` when
 * not 0), lines that begin with `#` are kept, and files that the script needs stand at its end, each after a line `-- PATH --`.
 */
export interface Script {
  readonly lines: readonly string[]
  readonly files: Readonly<Record<string, string>>
}

export function parseScript(text: string): Script {
  const [head = '', ...sections] = text.split(/^-- (.+) --\n/m)
  const files: Record<string, string> = {}
  for (let at = 0; at < sections.length; at += 2) {
    // A blank line stands between two files.
    files[sections[at] ?? ''] = (sections[at + 1] ?? '').replace(/\n\n$/, '\n')
  }
  return { lines: head.split('\n'), files }
}

export interface ScriptOptions {
  /** The program that `holotype` stands for. */
  readonly program: string
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** Texts that differ from run to run, with what stands for them. */
  readonly replace: readonly (readonly [text: string, by: string])[]
}

/** Runs a script and returns it with what was really printed: the same text as before if all is as it should be. */
export async function runScript(text: string, options: ScriptOptions): Promise<string> {
  const { lines, files } = parseScript(text)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(options.directory, path)), { recursive: true })
    writeFileSync(join(options.directory, path), content)
  }
  let transcript = ''
  for (const line of lines) {
    if (line.startsWith('#'))
      transcript += `${transcript.endsWith('\n\n') || transcript === '' || transcript.endsWith('#\n') ? '' : '\n'}${line}\n`
    if (line.startsWith('$ holotype')) transcript += `${line}\n${await runLine(line, options)}`
  }
  const appended = Object.entries(files).map(([path, content]) => `-- ${path} --\n${content}`)
  return [transcript, ...appended].join(appended.length > 0 ? '\n' : '')
}

async function runLine(line: string, options: ScriptOptions): Promise<string> {
  const restored = options.replace.reduce((text, [value, by]) => text.replaceAll(by, value), line)
  const args = [...restored.slice('$ holotype'.length).matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  )
  const { code, stdout, stderr } = await runProgram([options.program, ...args], options)
  const shown = [
    stdout,
    ...stderr
      .split('\n')
      .filter((one) => one !== '')
      .map((one) => `! ${one}\n`),
    code === 0 ? '' : `[exit ${code}]\n`,
  ].join('')
  return options.replace.reduce((text, [value, by]) => text.replaceAll(value, by), shown)
}

function runProgram(
  argv: readonly string[],
  { directory, env }: ScriptOptions,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = argv
    const child = spawn(program, args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, ...output }))
  })
}
