import './typescript-api.ts'
import { isAbsolute, join } from 'node:path'
import type { IConfiguration, IForbiddenRuleType, ICruiseOptions, ICruiseResult } from 'dependency-cruiser'

/** A rule and the import that breaks it: `rule: from → to`. */
export interface Broken {
  readonly rule: string
  readonly comment: string
  readonly from: string
  readonly to: string
}

export interface Cruise {
  readonly broken: readonly Broken[]
  /** Modules of packages that were looked at. A cruise of nothing would break no rule either. */
  readonly modules: number
}

/** Built files, and texts that only look like code. */
const NOT_CODE = '(?:^|/)(?:dist|testdata)/'

/**
 * Holds every import below `packages/` of a tree against .dependency-cruiser.cjs. Twice: once with all imports, types too; and for rules about
 * what is *reachable* once with those alone that happen when a module is loaded, without types and without `import()`.
 */
export async function checkImports(root: string): Promise<Cruise> {
  const { default: extractConfig } = await import('dependency-cruiser/config-utl/extract-depcruise-config')
  const rules: IConfiguration = await extractConfig(join(import.meta.dirname, '../.dependency-cruiser.cjs'))
  const forbidden = rules.forbidden ?? []
  const isReachability = (rule: IForbiddenRuleType) => 'to' in rule && rule.to !== undefined && 'reachable' in rule.to
  const all = await cruiseOnce(root, {
    ...rules.options,
    exclude: { path: NOT_CODE },
    ruleSet: { forbidden: forbidden.filter((rule) => !isReachability(rule)) },
  })
  const atStart = await cruiseOnce(root, {
    ...rules.options,
    ruleSet: { forbidden: forbidden.filter(isReachability) },
    tsPreCompilationDeps: false,
    exclude: { path: NOT_CODE, dynamic: true },
  })
  const comments = new Map(forbidden.map((rule) => [rule.name, rule.comment]))
  const broken = [...all.summary.violations, ...atStart.summary.violations].map((violation) => ({
    rule: violation.rule.name,
    comment: comments.get(violation.rule.name) ?? '',
    from: violation.from,
    to: [violation.to, ...(violation.via ?? []).map((step) => step.name)].join(' by '),
  }))
  return { broken, modules: all.modules.filter((module) => module.source.startsWith('packages/')).length }
}

async function cruiseOnce(root: string, options: ICruiseOptions): Promise<ICruiseResult> {
  const { cruise } = await import('dependency-cruiser')
  const { default: extractTsConfig } = await import('dependency-cruiser/config-utl/extract-ts-config')
  const base = isAbsolute(root) ? root : join(process.cwd(), root)
  const before = process.cwd()
  // The library resolves some paths from the working directory whatever its baseDir says.
  process.chdir(base)
  try {
    const tsConfig = extractTsConfig(join(import.meta.dirname, '../tsconfig.json'))
    const { output } = await cruise(
      ['packages'],
      { ...options, validate: true, baseDir: base },
      options.enhancedResolveOptions,
      { tsConfig },
    )
    if (typeof output === 'string') throw new TypeError('the cruise gave text and no result')
    return output
  } finally {
    process.chdir(before)
  }
}

if (import.meta.main) {
  const { broken, modules } = await checkImports(join(import.meta.dirname, '..'))
  const rules = Map.groupBy(broken, ({ rule }) => rule)
  for (const [rule, cases] of rules) {
    console.log(`${rule}: ${cases[0]?.comment ?? ''}`)
    for (const { from, to } of cases) console.log(`  ${from} → ${to}`)
  }
  console.log(`${modules} modules, ${broken.length} imports that must not be`)
  if (modules < 100) console.log('fewer than 100 modules: the cruise has lost its way')
  process.exitCode = broken.length > 0 || modules < 100 ? 1 : 0
}
