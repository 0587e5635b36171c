import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, readYaml } from '@holotype/base'
import { z } from 'zod'
import { RULE_FILES, RULE_TEXT_LENGTH } from './limits.ts'

/** Facts of two trees that a rule may ask for. What each means stands at its name in `facts.ts`. */
export const FACT_NAMES = [
  'accounts-renumbered',
  'setuid-helper-gone',
  'init-replaced',
  'kernel-modules-replaced',
  'library-changes-package',
  'file-system-features',
  'bond-without-mac',
  'bridge-over-1023-ports',
  'nfs-tcp-default-retries',
] as const

const text = z.string().min(1).max(RULE_TEXT_LENGTH)

const crossingSchema = z
  .strictObject({
    /** Names of source packages, or of packages where a format knows no sources. */
    packages: z.array(text).min(1).meta({ description: 'Names of source packages, or of packages' }),
    formats: z.array(z.enum(['deb', 'alpm', 'rpm', 'xbps'])).exactOptional(),
    /** Crossed when this many of the first numbers of the version differ. */
    series: z.int().min(1).max(4).exactOptional(),
    /** Crossed when one side is older than this and the other is not, by the format's order. */
    at: text.exactOptional(),
  })
  .refine(({ series, at }) => series !== undefined || at !== undefined, 'a crossing needs `series` or `at`')

/** `hazards/ID.yaml` of a distribution, and the shape of the rules that are shipped. */
export const hazardRuleSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'an id is of small letters, digits and hyphens'),
    title: text,
    /** What goes wrong, to whom. */
    happens: text,
    /** What a person does before or with it. */
    todo: text,
    /** Any of them makes the hazard. */
    crosses: z.array(crossingSchema).default([]),
    /** A fact that is new with the image makes the hazard; one that was there before does when a crossing happens with it. */
    fact: z.enum(FACT_NAMES).exactOptional(),
    /** File names of libraries that `library-changes-package` looks for. */
    libraries: z.array(text).default([]),
  })
  .refine(({ crosses, fact }) => crosses.length > 0 || fact !== undefined, 'a rule needs `crosses` or `fact`')

export type HazardRule = z.output<typeof hazardRuleSchema>
export type Crossing = z.output<typeof crossingSchema>

/**
 * The rules of a distribution's `hazards/*.yaml`, in the order of their files; none if there is no such folder.
 * @throws FILE_UNREADABLE, YAML_SYNTAX, YAML_SCHEMA
 */
export function readHazardRules(distribution: string): HazardRule[] {
  return ruleFiles(join(distribution, 'hazards'))
    .slice(0, RULE_FILES)
    .map((file) => readYaml(join(distribution, 'hazards', file), hazardRuleSchema, `hazards/${file}`))
}

function ruleFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.yaml'))
      .sort()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
