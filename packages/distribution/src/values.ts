import { z } from 'zod'

/** The name of anything in a distribution: `web`, `libssl3`, `g++-12`. */
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9+.-]{0,62}$/, 'a name is lower-case letters, digits, + . and -')
  .describe('a name')

/** A path from the root of a node, or a glob of such paths. */
export const absolutePath = z
  .string()
  .regex(/^\/[^\0]*$/, 'an absolute path starts with /')
  .refine((path) => !path.split('/').includes('..'), 'a path may not contain ".."')
  .refine((path) => !/\$\{[a-z]/.test(path), 'a path that is a key holds no variable')
  .describe('an absolute path')

/** `5s`, `10m`, `2h`, `30d` → seconds. */
export const duration = z
  .string()
  .regex(/^\d+(s|m|h|d)$/, 'a duration is a whole number with s, m, h or d: 30m')
  .describe('a duration')
  .transform((text) => Number.parseInt(text, 10) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[text.slice(-1)] ?? 1))
  .refine((seconds) => seconds <= 100 * 365 * 86_400, 'a duration is at most a hundred years')

/** `12.5%` → 1250 of 10,000. */
export const share = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,2})?%$/, 'a share is a percentage: 12.5%')
  .describe('a share')
  .transform((text) => Math.round(Number.parseFloat(text) * 100))
  .refine((value) => value <= 10_000, 'a share is at most 100%')

/** `20MiB/s` → bytes a second. */
export const rate = z
  .string()
  .regex(/^[1-9]\d{0,5}(MiB|GiB)\/s$/, 'a rate is a whole number of MiB/s or GiB/s: 20MiB/s')
  .describe('a rate')
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('GiB/s') ? 1024 ** 3 : 1024 ** 2))

/** An octal mode as text: `'0644'`. */
export const mode = z
  .string()
  .regex(/^[0-7]{3,4}$/, "a mode is octal digits in quotes: '0644'")
  .describe('an octal mode')
  .transform((text) => Number.parseInt(text, 8))
