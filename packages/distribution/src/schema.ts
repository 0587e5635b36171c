import { z } from 'zod'
import { OWN_NAME, upstreamSchema } from './upstream-schema.ts'

/**
 * The schema of the user's git repository. One file of it, one schema here; unknown keys are errors. The descriptions become
 * docs/reference/distribution.md.
 */

/** The name of anything in a distribution: `web`, `libssl3`, `g++-12`. */
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9+.-]{0,62}$/, 'a name is lower-case letters, digits, + . and -')
  .describe('a name')

const absolutePath = z
  .string()
  .regex(/^\/[^\0]*$/, 'an absolute path starts with /')
  .refine((path) => !path.split('/').includes('..'), 'a path may not contain ".."')
  .describe('an absolute path')

const labels = z.record(z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/), z.string().regex(/^[A-Za-z0-9_.-]+$/))

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

/** An octal mode as text: `'0644'`. */
const mode = z
  .string()
  .regex(/^[0-7]{3,4}$/, "a mode is octal digits in quotes: '0644'")
  .describe('an octal mode')
  .transform((text) => Number.parseInt(text, 8))

/** `holotype.yaml` */
export const distributionSchema = z.strictObject({
  name: name.describe("the distribution's name"),
  architecture: z.enum(['amd64', 'arm64']).default('amd64').describe('the architecture of its nodes'),
  upstreams: z
    .record(name, upstreamSchema)
    .superRefine((upstreams, context) => {
      if (upstreams[OWN_NAME])
        context.addIssue({
          code: 'custom',
          path: [OWN_NAME],
          message: `"${OWN_NAME}" is what locks call your own repository; give the upstream another name`,
        })
      const [first, ...others] = Object.entries(upstreams)
      for (const [other, { format }] of others)
        if (format !== first?.[1].format)
          context.addIssue({
            code: 'custom',
            path: [other, 'format'],
            message: `the upstreams of a distribution have one format: "${first?.[0]}" is ${first?.[1].format}, this is ${format}`,
          })
    })
    .describe('where packages come from that you do not build, by a name of your choice'),
  repository: z
    .strictObject({
      suite: name.default('stable').describe('the name of its suite'),
      component: name.default('main').describe('the name of its component'),
      contents: z
        .boolean()
        .default(false)
        .describe(
          'whether an apt repository gets Contents indexes, which apt-file searches; they are made anew each time',
        ),
      url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe("where the site's `repo/` is served; dnf then gets a mirror list that leads to one whole state"),
    })
    .prefault({})
    .describe('your own repository, which your recipes are built into'),
  policy: z
    .strictObject({
      approvals: z
        .number()
        .int()
        .min(0)
        .max(9)
        .default(1)
        .describe('how many people must approve the difference to an image before it is rolled out'),
      roles: z
        .record(name, z.number().int().min(1).max(9))
        .default({})
        .describe('how many of them must have each role, by its name; `access/people.yaml` says who has which'),
      self_approval: z
        .boolean()
        .default(false)
        .describe('whether those who made a change may be the only ones who approve it'),
    })
    .prefault({})
    .describe('what must hold before something is released'),
})

/** `access/people.yaml` */
export const peopleSchema = z.record(
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/, 'a person is letters, digits, . _ @ and -')
    .describe('a person, or a script that reviews'),
  z.strictObject({
    roles: z.array(name).default([]).describe('the roles whose word is asked for by `policy.roles`'),
    email: z.array(z.email()).default([]).describe('the addresses of their git commits: authors cannot approve alone'),
  }),
)

/** `recipes/NAME/recipe.yaml` */
export const recipeSchema = z.strictObject({
  family: z.enum(['deb']).describe('how it is built: `deb` runs `debian/rules`'),
  source: z
    .string()
    .default('.')
    .describe('the directory with the unpacked source, relative to this file; it holds `debian/`'),
  timeout: duration.prefault('30m').describe('how long one build may take'),
  network: z.literal(false).default(false).describe('builds have no network'),
})

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
  packages: z
    .array(wantedPackage)
    .min(1)
    .describe(
      'the packages you want, `NAME` or `NAME=VERSION`, or `@GROUP` for all of a group (alpm); what they depend on comes along',
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
    })
    .prefault({})
    .describe('files of packages that are left out of the image'),
  files: z
    .record(
      absolutePath,
      z
        .strictObject({
          content: z.string().optional().describe('its text'),
          source: z.string().optional().describe('or a file of the distribution, relative to `images/`'),
          mode: mode.prefault('0644').describe('its permissions, in quotes'),
          uid: z.number().int().min(0).max(4_294_967_294).default(0).describe("its owner's number"),
          gid: z.number().int().min(0).max(4_294_967_294).default(0).describe("its group's number"),
        })
        .refine(
          (file) => (file.content === undefined) !== (file.source === undefined),
          'give either content or source',
        ),
    )
    .default({})
    .describe('files that the image holds besides its packages, by path'),
  units: z
    .strictObject({
      enable: z.array(z.string()).default([]).describe('units that start at boot'),
      disable: z.array(z.string()).default([]).describe('units that do not, although their package enables them'),
      mask: z.array(z.string()).default([]).describe('units that cannot be started at all'),
    })
    .prefault({})
    .describe('systemd units'),
  sysctl: z
    .record(z.string().regex(/^[a-z0-9_.*/-]+$/), z.union([z.number().int(), z.string()]))
    .default({})
    .describe('kernel parameters, by name'),
  exclusions: z
    .array(absolutePath)
    .default([])
    .describe('globs of paths that belong to the node: the agent neither reads, writes nor deletes them'),
  triggers: z.array(triggerSchema).default([]).describe('what an agent runs when paths changed'),
})

export const waveSchema = z.strictObject({
  name: name.describe('its name, once per channel'),
  select: labels.default({}).describe('labels that a node must all have; without any, every node is selected'),
  share: share.prefault('100%').describe('how many of the selected nodes'),
  gate: z
    .strictObject({
      soak: duration.prefault('0s').describe('how long all earlier waves must have run the next image'),
      success: share.prefault('100%').describe('how many of their nodes must have converged'),
    })
    .prefault({})
    .describe('what must hold of the waves before it until this one may open'),
})

/** `channels/NAME.yaml` */
export const channelSchema = z.strictObject({
  image: name.describe('which image its nodes run'),
  waves: z
    .array(waveSchema)
    .min(1)
    .describe('in which order its nodes move; a node is in the first wave that selects it'),
  expires: duration.prefault('30d').describe('how long a signed statement of the channel stays valid'),
})

const convertedName = z
  .string()
  .max(512)
  .regex(/^[ -~]*$/, 'a name is printable ASCII')

/** `convert.yaml`, which need not be there */
export const convertSchema = z.strictObject({
  rpm: z
    .record(convertedName, convertedName)
    .default({})
    .describe(
      'what a name of a .deb is called where rpm is used; `*` stands for any text, an empty name drops the relation',
    ),
  deb: z
    .record(convertedName, convertedName)
    .default({})
    .describe('what a name or capability of an rpm is called where dpkg is used, likewise'),
})

export type DistributionFile = z.output<typeof distributionSchema>
export type People = z.output<typeof peopleSchema>
export type Recipe = z.output<typeof recipeSchema>
export type ImageSpec = z.output<typeof imageSchema>
export type ConvertNames = z.output<typeof convertSchema>
export type Channel = z.output<typeof channelSchema>
export type ChannelWave = z.output<typeof waveSchema>
