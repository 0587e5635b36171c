import { z } from 'zod'

/** The name of an advisory's file, without its ending: `ACME-2026-1`. */
export const advisoryId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9:._-]{0,99}$/, 'an id is letters, digits, : . _ and -')
  .describe('an id')

/** `2026-11-20` or `2026-11-20T12:00:00Z` → ISO 8601, UTC. */
const date = z
  .union([z.iso.date(), z.iso.datetime()], 'a date is written 2026-11-20 or 2026-11-20T12:00:00Z')
  .describe('a date, UTC')
  .transform((text) => new Date(text).toISOString())

const text = z.string().trim().min(1)

/** `advisories/ID.yaml` */
export const advisorySchema = z.strictObject({
  title: text
    .max(300)
    .regex(/^[^\n]*$/, 'a title is one line')
    .describe('what it is about, in one line'),
  type: z
    .enum(['security', 'bugfix', 'enhancement', 'newpackage'])
    .default('security')
    .describe('what kind of change it states'),
  severity: z.enum(['critical', 'important', 'moderate', 'low']).optional().describe('how bad it is'),
  issued: date.describe('when it was issued first'),
  updated: date.optional().describe('when it was changed last'),
  description: text.max(100_000).describe('what was wrong, and what follows from it'),
  cves: z
    .array(z.string().regex(/^CVE-\d{4}-\d{4,19}$/, 'a CVE id is written CVE-2026-12345'))
    .max(1000)
    .default([])
    .describe('the vulnerabilities that are mended'),
  references: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(1000)
    .default([])
    .describe('addresses where more is said'),
  fixed: z
    .record(
      z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_+.@-]*$/, 'a name of a source package'),
      z.string().regex(/^[A-Za-z0-9_.+~^:-]+$/, 'a version, in quotes if it looks like a number'),
    )
    .refine((packages) => Object.keys(packages).length > 0, 'name at least one package')
    .describe('the first version that is mended, by source package, as its format writes it: `hello: 1.0-2`'),
})

export type AdvisorySpec = z.output<typeof advisorySchema>
