import { mkdirSync, type Stats, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { SITE_LISTENERS, SITE_WAIT_SECONDS } from '../limits.ts'
import type { App } from './app.ts'

/** The list of all files of the site, by which mirrors copy it: the one file that changes with each publication. */
const LIST = 'files/index.json'

/** What @fastify/send, which serves the list, calls it; a test sees to it that it still does. */
function listTag({ size, mtime }: Stats): string {
  return `W/"${size.toString(16)}-${mtime.getTime().toString(16)}"`
}

/**
 * Holds the answer to who has the list already, and says that it can wait (`Prefer: wait=60`, RFC 7240 §4.3), until there is another or the time is over. So a
 * mirror hears of a publication at once, and by the same address that any web server answers without waiting.
 */
export function announceLists(app: App, root: string): void {
  const waiting = new Set<() => void>()
  // The list is replaced by a rename, so it is the directory that is watched.
  mkdirSync(join(root, 'files'), { recursive: true })
  const watcher = watch(join(root, 'files'), (_, name) => {
    if (name === LIST.slice('files/'.length)) for (const tell of [...waiting]) tell()
  })
  // Then they wait their time.
  watcher.on('error', () => {})
  app.addHook('onClose', async () => {
    watcher.close()
    for (const tell of [...waiting]) tell()
  })
  app.addHook('onRequest', async (request, reply) => {
    if (request.url !== `/site/${LIST}`) return
    const seconds = Number(
      /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec(String(request.headers.prefer ?? ''))?.[1] ?? 0,
    )
    if (seconds === 0 || waiting.size >= SITE_LISTENERS) return
    const time = Math.min(seconds, SITE_WAIT_SECONDS)
    reply.header('preference-applied', `wait=${time}`)
    const facts = statSync(join(root, LIST), { throwIfNoEntry: false })
    if (!facts || request.headers['if-none-match'] !== listTag(facts)) return
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer)
        waiting.delete(end)
        reply.raw.off('close', end)
        resolve()
      }
      const timer = setTimeout(end, time * 1000)
      waiting.add(end)
      reply.raw.once('close', end)
    })
  })
}
