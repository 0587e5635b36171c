import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { errnoOf } from '@holotype/base'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { fail } from '../errors.ts'
import type { App } from './app.ts'
import { answerProblem } from './problems.ts'
import { announceLists } from './site-news.ts'

const FOR_EVER = 'public, max-age=31536000, immutable'

/** How long a file of the site may be kept: what is named by its digest and numbered trust metadata never change, everything else is asked for again. */
export function siteCaching(pathBelowSite: string): string {
  const immutable = /^(objects\/.+|(channels|files)\/[0-9a-f]{64}\..+|trust\/(.+\/)?\d+\.[^/]+\.json)$/.test(
    pathBelowSite,
  )
  return immutable ? FOR_EVER : 'no-cache'
}

/** Serves the published site below `/site/`, as any web server would. */
export async function serveSite(app: App, root: string): Promise<void> {
  announceLists(app, root)
  await app.register(fastifyStatic, {
    root,
    prefix: '/site/',
    index: false,
    dotfiles: 'allow',
    // Repositories have their states in `.tops`; no other hidden name is anything of a site.
    allowedPath: (path) => path.split('/').every((part) => !part.startsWith('.') || part === '.tops'),
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', siteCaching(path.slice(root.length + 1)))
    },
  })
}

/**
 * Serves the built console below `/`: an address that names no file is one of the console's own pages and gets `index.html`. Also the
 * answer to addresses that nobody serves.
 */
export async function serveConsole(app: App, root: string | undefined): Promise<void> {
  const present = root !== undefined && (await isDirectory(root))
  if (present) {
    await app.register(fastifyStatic, {
      root,
      prefix: '/',
      dotfiles: 'ignore',
      cacheControl: false,
      setHeaders: (reply, path) => {
        const hashed = path.startsWith(join(root, 'assets/'))
        reply.header('cache-control', hashed ? FOR_EVER : 'no-cache')
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    if (present && isPage(request)) return page(reply)
    return answerProblem(fail('NOT_FOUND', { what: `nothing lies at ${pathOf(request)}` }), request, reply)
  })
}

function page(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-cache').sendFile('index.html')
}

function isPage(request: FastifyRequest): boolean {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  return reads && !/^\/(api|site|metrics|healthz|assets)(\/|$)/.test(pathOf(request))
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
