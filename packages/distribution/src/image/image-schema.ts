import { z } from 'zod'
import { absolutePath, duration, name } from '../values.ts'
import {
  accountName,
  bootChecksSchema,
  fileSchema,
  groupSchema,
  healthSchema,
  throttleSchema,
  kernelSchema,
  modulesSchema,
  mountSchema,
  timezoneSchema,
  unitsSchema,
  userSchema,
  variableName,
  variableSchema,
} from './system-schema.ts'

export const triggerSchema = z.strictObject({
  name: name.describe('its name, once per image'),
  paths: z
    .array(absolutePath)
    .min(1)
    .describe('which paths: `*` stands for any text within a part, `**` for any number of parts'),
  run: z.array(z.string()).min(1).describe('the program and its arguments; no shell is involved'),
  when: z.enum(['before', 'after']).default('after').describe('before or after the new files are in place'),
  timeout: duration.prefault('60s').describe('how long it may run'),
})

/** A package as its format names it: `libssl3`, `NetworkManager`, `g++-12`. */
const packageName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9+._@-]{0,255}$/, 'a package name is letters, digits, + . _ @ and -')
  .describe('a package')

/** What an image may ask for; the solver reads it. */
const wantedPackage = z
  .string()
  .max(512)
  .regex(/^@?[A-Za-z0-9_/][^\s,|&!]*$/, 'a package is a name, NAME=VERSION, or @GROUP')
  .describe('a package or group')

const versionText = z
  .string()
  .regex(/^[!-~]{1,256}$/, 'a version is printable characters without spaces')
  .describe('a version')

const pinSchema = z
  .union([
    versionText,
    z
      .strictObject({
        version: versionText.optional().describe('this version alone'),
        from: name.optional().describe('from this upstream alone, or `own`: your own repository'),
      })
      .refine(({ version, from }) => version !== undefined || from !== undefined, 'give version, from, or both'),
  ])
  .describe('a version in quotes, or `{ from: UPSTREAM }`')

/** `images/NAME.yaml` */
export const imageSchema = z.strictObject({
  description: z.string().default('').describe('what it is for, in a line'),
  base: name
    .optional()
    .describe('the image whose spec this one starts from: lists are joined, what is named twice is as the later says'),
  layers: z.array(name).optional().describe('images whose specs are laid over the base, in this order'),
  profiles: z
    .array(name)
    .optional()
    .describe(
      '`profiles/NAME.yaml`, laid over the layers in this order: any keys of an image but `base`, `layers` and `profiles`',
    ),
  remove: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'what is taken out of what this starts from, before its own keys count: items of lists, keys of tables: `remove: { packages: [less], files: [/etc/motd] }`',
    ),
  variables: z
    .record(variableName, variableSchema)
    .default({})
    .describe('texts and numbers that stand for `${NAME}` in any value; `$${NAME}` is that text itself'),
  packages: z
    .array(wantedPackage)
    .min(1)
    .describe(
      'the packages you want, `NAME` or `NAME=VERSION`, or `@GROUP` for all of a group (alpm alone: the groups of rpm, `comps.xml`, are not read); what they depend on comes along',
    ),
  recommends: z.boolean().default(false).describe('whether recommended packages come along too'),
  exclude: z.array(packageName).default([]).describe('packages that must not be chosen'),
  pin: z
    .record(packageName, pinSchema)
    .default({})
    .describe(
      "packages that may be chosen in one version or from one upstream alone, whoever needs them: `NAME: 'VERSION'`, `NAME: { from: UPSTREAM }`, or both keys, `version` and `from`; `own` is your own repository",
    ),
  hold: z
    .array(packageName)
    .default([])
    .describe('packages that stay as the lock before has them, also where nothing needs them any more'),
  prune: z
    .strictObject({
      paths: z.array(absolutePath).default([]).describe('globs of what is left out'),
      keep: z.array(absolutePath).default([]).describe('globs of what is kept all the same'),
      locales: z
        .array(z.string().regex(/^[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?$/, 'a locale is a language: de, pt_BR, sr@latin'))
        .optional()
        .describe('the languages whose translations stay; of all others messages and manual pages are left out'),
      man: z.boolean().default(true).describe('whether manual pages stay'),
      docs: z.boolean().default(true).describe('whether documentation stays; copyright files always do'),
      info: z.boolean().default(true).describe('whether info pages stay'),
    })
    .prefault({})
    .describe('files of packages that are left out of the image'),
  files: z
    .record(absolutePath, fileSchema)
    .default({})
    .describe('files that the image holds besides its packages, by path'),
  users: z.record(accountName, userSchema).default({}).describe('accounts besides those that packages make, by name'),
  groups: z.record(accountName, groupSchema).default({}).describe('groups besides those that packages make, by name'),
  units: unitsSchema,
  sysctl: z
    .record(z.string().regex(/^[a-z0-9_.*/-]+$/), z.union([z.number().int(), z.string()]))
    .default({})
    .describe('kernel parameters, by name'),
  modules: modulesSchema,
  kernel: kernelSchema,
  mounts: z
    .record(absolutePath, mountSchema)
    .default({})
    .describe('file systems in `/etc/fstab`, by where they are mounted'),
  timezone: timezoneSchema
    .optional()
    .describe("the local time, `Europe/Paris`: one that the image's packages have; without it, as they say"),
  boot_checks: bootChecksSchema,
  scripts: z
    .strictObject({
      allow: z
        .array(absolutePath)
        .default([])
        .describe('globs of paths that they may also make, change or remove; `/**` allows all'),
    })
    .prefault({})
    .describe(
      'maintainer scripts: below `/usr`, `/opt` and `/boot` they make no files, change no bytes and remove nothing but caches, registers and links of alternatives; else composing ends and names the path',
    ),
  exclusions: z
    .array(absolutePath)
    .default([])
    .describe('globs of paths that belong to the node: the agent neither reads, writes nor deletes them'),
  triggers: z.array(triggerSchema).default([]).describe('what an agent runs when paths changed'),
  health: healthSchema.optional(),
  throttle: throttleSchema.optional(),
})

/** An image as it is composed: what it starts from is laid below it, its variables are in place. */
export type ImageSpec = Omit<z.output<typeof imageSchema>, 'base' | 'layers' | 'profiles' | 'remove'>
