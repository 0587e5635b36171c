import { z } from 'zod'
import {
  advisorySchema,
  channelSchema,
  convertSchema,
  distributionSchema,
  imageSchema,
  peopleSchema,
  recipeSchema,
} from '../../packages/distribution/src/index.ts'
import { FACT_MEANINGS, hazardRuleSchema } from '../../packages/image/src/hazards/rule.ts'

const FILES = [
  ['holotype.yaml', distributionSchema, 'The distribution itself.'],
  ['images/NAME.yaml', imageSchema, 'One image: what it is made of. Its lock lies beside it, as `images/NAME.lock`.'],
  [
    'profiles/NAME.yaml',
    undefined,
    'What several images share, by the name under which their `profiles` ask for it: any keys of `images/NAME.yaml` but `base`, `layers` and `profiles`.',
  ],
  ['channels/NAME.yaml', channelSchema, 'One channel: which image its nodes run, and how they move to a new one.'],
  [
    'convert.yaml',
    convertSchema,
    'What packages are called where another format is used: for `holotype repo convert`. Need not be there.',
  ],
  [
    'advisories/ID.yaml',
    advisorySchema,
    'One advisory: what is mended in packages of your own. rpm repositories say it as updateinfo.',
  ],
  [
    'hazards/NAME.yaml',
    hazardRuleSchema,
    `A change of your own that is known to hurt: the difference of two images names it, and an approval must too. It needs \`crosses\`, \`fact\`, or both. A fact is one of
these:

| fact | what it sees |
|---|---|
${Object.entries(FACT_MEANINGS)
  .map(([fact, meaning]) => `| \`${fact}\` | ${meaning} |`)
  .join('\n')}`,
  ],
  [
    'access/people.yaml',
    peopleSchema,
    'Who reviews, by name: people, and scripts. Need not be there where `policy` names no roles.',
  ],
  ['recipes/NAME/recipe.yaml', recipeSchema, 'One recipe: how a package of your own is built.'],
] as const

/** docs/reference/distribution.md, from the schemas that check the files. */
export function distributionReference(): string {
  const sections = FILES.map(([file, schema, words]) => {
    if (schema === undefined) return `## \`${file}\`\n\n${words}\n`
    const rows = below(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), '')
    return `## \`${file}\`\n\n${words}\n\n| key | form | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `# The files of a distribution

A distribution is a git repository with these files, in YAML 1.2. Unknown keys are errors, and every error names its file, line and column.
\`*\` in a key stands for a name of your choice, \`[]\` for each item of a list. Durations are \`30s\`, \`10m\`, \`2h\`, \`7d\`; shares are \`12.5%\`.

${sections.join('\n')}`
}

type Schema = z.core.JSONSchema.BaseSchema

function rowsOf(schema: Schema, prefix: string): string[] {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {}).flatMap(([key, member]) => {
    if (typeof member === 'boolean') return []
    const path = prefix === '' ? key : `${prefix}.${key}`
    const given =
      member.default === undefined ? (required.has(key) ? 'required' : '') : `\`${JSON.stringify(member.default)}\``
    const row = `| \`${path}\` | ${formOf(member)} | ${isEmptyObject(member.default) ? '' : given} | ${(member.description ?? '').replaceAll('|', '\\|')} |`
    return [row, ...below(member, path)]
  })
}

/** The keys of what a key holds: an object, each item of a list, each value of a record. */
function below(schema: Schema, path: string): string[] {
  if (schema.properties) return rowsOf(schema, path)
  const { items, additionalProperties: values } = schema
  if (isSchema(items)) return below(items, `${path}[]`)
  if (isSchema(values)) return below(values, path === '' ? '*' : `${path}.*`)
  return []
}

function formOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.anyOf) return schema.anyOf.map((one) => (isSchema(one) ? formOf(one) : '')).join(' or ')
  if (schema.type === 'array') return isSchema(schema.items) ? `list: ${formOf(schema.items)}` : 'list'
  if (schema.type === 'object')
    return isSchema(schema.additionalProperties) && !schema.properties ? 'by name' : 'keys below'
  if (schema.type === 'integer') return 'whole number'
  return schema.type === 'boolean' ? '`true`, `false`' : 'text'
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}
