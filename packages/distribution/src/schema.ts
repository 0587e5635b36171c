import { z } from 'zod'
import { OWN_NAME, upstreamSchema } from './upstream-schema.ts'
import { duration, name, share } from './values.ts'

/**
 * The schema of the user's git repository. One file of it, one schema here; unknown keys are errors. The descriptions become
 * docs/reference/distribution.md.
 */

const labels = z.record(z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/), z.string().regex(/^[A-Za-z0-9_.-]+$/))

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
      translation: z
        .boolean()
        .default(false)
        .describe(
          'whether the long descriptions of packages taken in from now on go to Translation-en of an apt repository, which machines need not fetch',
        ),
      compression: z
        .enum(['gz', 'zst'])
        .default('gz')
        .describe(
          'how the indexes of an rpm repository are compressed: gz, which every client reads, or zst, which dnf 4.14 and zypper 1.14 read too',
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
    script: z.boolean().default(false).describe('it is a program: of four eyes it is none'),
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
export type ConvertNames = z.output<typeof convertSchema>
export type Channel = z.output<typeof channelSchema>
export type ChannelWave = z.output<typeof waveSchema>
