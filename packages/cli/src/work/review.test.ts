import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BootOrder, bootChart } from '@holotype/image'
import { openStore } from '@holotype/store'
import { imageRequestSchema } from '@holotype/server/api'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ApiClient } from '../api-client.ts'
import { registerImage } from './review.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holotype-test-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const order: BootOrder = {
  schema: 'holotype.boot/1',
  system: 'systemd',
  goal: 'multi-user.target',
  units: [
    {
      name: 'nginx.service',
      file: '/usr/lib/systemd/system/nginx.service',
      level: 0,
      pulledBy: [],
      after: [],
      conditional: false,
    },
    {
      name: 'multi-user.target',
      file: '/usr/lib/systemd/system/multi-user.target',
      level: 1,
      pulledBy: [],
      after: [{ unit: 'nginx.service', why: 'Wants of a target' }],
      conditional: false,
    },
  ],
  absent: [],
  problems: [],
}

/** What the server is sent when an image with this order is registered. */
async function sent(boot: unknown): Promise<unknown> {
  const store = openStore(directory)
  const image = store.putJson({
    schema: 'holotype.image/1',
    name: 'web',
    stats: { files: 1, bytes: 1 },
    packages: store.putJson([]),
    spec: store.putJson({}),
    ...(boot === undefined ? {} : { boot: store.putJson(boot) }),
  })
  const bodies: unknown[] = []
  const api: ApiClient = {
    address: '',
    get: () => Promise.reject(new Error('nothing is read')),
    post: (_path, body, schema) => {
      bodies.push(JSON.parse(JSON.stringify(body)))
      return Promise.resolve(schema.parse(undefined))
    },
  }
  await registerImage(api, store, image)
  return bodies[0]
}

it('an image is registered with what starts at boot, drawn, in the form that the server takes', async () => {
  const body = await sent(order)
  expect(imageRequestSchema.parse(body).boot).toEqual(bootChart(order))
})

it('an image of which nothing starts, or too much, is registered without it', async () => {
  const [unit] = order.units
  const units = Array.from({ length: 2001 }, (_, index) => ({ ...unit, name: `${index}.service` }))
  for (const boot of [undefined, { ...order, units }]) {
    const body = await sent(boot)
    expect(imageRequestSchema.parse(body)).toMatchObject({ name: 'web', files: 1 })
    expect(body).not.toHaveProperty('boot')
  }
})
