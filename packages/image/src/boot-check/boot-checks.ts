import type { Store } from '@holotype/store'
import { z } from 'zod'
import type { ImageManifest } from '../types.ts'

const schema = z.looseObject({
  boot_checks: z
    .looseObject({
      units: z.array(z.string()).default([]),
      may_fail: z.array(z.string()).default([]),
      ports: z.array(z.string()).default([]),
      other_ports: z.boolean().default(false),
      commands: z.array(z.looseObject({ run: z.array(z.string()), timeout: z.number() })).default([]),
      timeout: z.number().default(300),
    })
    .prefault({}),
})

/** What a spec demands of its booted image, with the defaults for a spec that says nothing. Times in seconds. */
export type BootChecks = z.output<typeof schema>['boot_checks']

/** @throws OBJECT_MISSING, OBJECT_CORRUPT */
export function bootChecksOf(store: Store, { spec }: ImageManifest): BootChecks {
  return schema.parse(store.readJson(spec)).boot_checks
}
