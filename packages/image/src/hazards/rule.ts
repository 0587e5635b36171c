import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, readYaml } from '@holotype/base'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { RULE_FILES, RULE_TEXT_LENGTH } from './limits.ts'

/** Facts of two trees that a rule may ask for. */
export const FACT_NAMES = [
  'accounts-renumbered',
  'setuid-helper-gone',
  'init-replaced',
  'agent-gone',
  'kernel-modules-replaced',
  'library-changes-package',
  'file-system-features',
  'bond-without-mac',
  'bridge-over-1023-ports',
  'nfs-tcp-default-retries',
] as const

/** What each of them means: for the reference. */
export const FACT_MEANINGS: Readonly<Record<(typeof FACT_NAMES)[number], string>> = {
  'accounts-renumbered': 'a user or group has another number, or a file another owner',
  'setuid-helper-gone': 'a program loses setuid root, or goes and comes nowhere else',
  'init-replaced': '`/sbin/init` leads to another program',
  'agent-gone': '`/usr/bin/holotype-agent` goes',
  'kernel-modules-replaced': "a kernel's modules go, or the last kernel does",
  'library-changes-package': 'one of `libraries` is in another package than before, or in none',
  'file-system-features': '`/etc/mke2fs.conf` gives new file systems other features',
  'bond-without-mac':
    'a bond without a fixed MAC address, of systemd-networkd, interfaces(5), ifcfg files, NetworkManager or netplan',
  'bridge-over-1023-ports': 'a bridge with more ports than Linux takes, of the same',
  'nfs-tcp-default-retries': 'a mount of NFS over TCP without `timeo=` and `retrans=`, of fstab(5) or a mount unit',
}

const text = z.string().min(1).max(RULE_TEXT_LENGTH)

const crossingSchema = z
  .strictObject({
    packages: z.array(text).min(1).describe('names of source packages, or of packages where a format knows no sources'),
    formats: z
      .array(z.enum(['deb', 'alpm', 'rpm', 'xbps']))
      .exactOptional()
      .describe('the formats that it counts for'),
    series: z
      .int()
      .min(1)
      .max(4)
      .exactOptional()
      .describe('crossed when this many of the first numbers of the version differ: with 2, from 2.36 to 2.41'),
    at: text
      .exactOptional()
      .describe("or when one version is older than this and the other is not, by the format's order"),
  })
  .refine(({ series, at }) => series !== undefined || at !== undefined, 'a crossing needs `series` or `at`')

/** `hazards/NAME.yaml` of a distribution, and the shape of the rules that are shipped. */
export const hazardRuleSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'an id is of small letters, digits and hyphens')
      .describe('what an approval names; that of a shipped rule replaces the rule'),
    title: text.describe('what changes, in a few words'),
    happens: text.describe('what goes wrong, and for whom'),
    todo: text.describe('what a person does before or with it'),
    crosses: z.array(crossingSchema).default([]).describe('moves of versions; any of them makes the hazard'),
    fact: z
      .enum(FACT_NAMES)
      .exactOptional()
      .describe(
        'or what the trees of both images say, above; a bond, bridge or mount that was so before counts when a version is crossed with it',
      ),
    libraries: z.array(text).default([]).describe('file names for the fact `library-changes-package`: `libcrypt.so.1`'),
  })
  .refine(({ crosses, fact }) => crosses.length > 0 || fact !== undefined, 'a rule needs `crosses` or `fact`')

export type HazardRule = z.output<typeof hazardRuleSchema>
export type Crossing = z.output<typeof crossingSchema>

/**
 * The rules of a distribution's `hazards/*.yaml`, in the order of their files; none if there is no such folder.
 * @throws HAZARD_FILES (a file that would not be read, or more than {@link RULE_FILES}), FILE_UNREADABLE, YAML_SYNTAX, YAML_SCHEMA
 */
export function readHazardRules(distribution: string): HazardRule[] {
  const folder = join(distribution, 'hazards')
  const files = namesIn(folder)
  const other = files.find((name) => !name.endsWith('.yaml'))
  if (other !== undefined)
    throw fail('HAZARD_FILES', { what: `hazards/${other} would not be read: the ending here is .yaml` })
  if (files.length > RULE_FILES)
    throw fail('HAZARD_FILES', { what: `hazards/ has ${files.length} files, and ${RULE_FILES} rules are read at most` })
  return files.map((file) => readYaml(join(folder, file), hazardRuleSchema, `hazards/${file}`))
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .sort()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
