import { setTimeout as delay } from 'node:timers/promises'

const LOOK_AGAIN_MS = 400
const GIVE_UP_MS = 120_000

/** Asks again until there is an answer. Ends with an error that says what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + GIVE_UP_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > end) throw new Error(`waited ${GIVE_UP_MS / 1000} s in vain until ${what}`)
    await delay(LOOK_AGAIN_MS)
  }
}
