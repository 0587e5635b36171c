import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from './place.ts'

/** What the store remembers under names that begin with one of `prefixes`, as it is now: each round can begin with that, or without it. */
export class Notes {
  readonly #notes: string
  readonly #kept: string
  readonly #prefixes: readonly string[]
  constructor({ home, scratch }: Place, prefixes: readonly [string, ...string[]]) {
    this.#notes = join(home, 'store/notes')
    this.#kept = join(scratch, `notes-${prefixes[0]}`)
    this.#prefixes = prefixes
    for (const name of this.#names()) cpSync(join(this.#notes, name), join(this.#kept, name), { recursive: true })
  }
  #names(): string[] {
    return readdirSync(this.#notes).filter((name) => this.#prefixes.some((prefix) => name.startsWith(prefix)))
  }
  forget(): void {
    for (const name of this.#names()) rmSync(join(this.#notes, name), { recursive: true })
  }
  restore(): void {
    this.forget()
    cpSync(this.#kept, this.#notes, { recursive: true })
  }
}
