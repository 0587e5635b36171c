/** Bits of the REQUIREFLAGS, PROVIDEFLAGS … of a header (rpm's `RPMSENSE_`). */
export const SENSE = {
  LESS: 0x2,
  GREATER: 0x4,
  EQUAL: 0x8,
  POSTTRANS: 0x20,
  PREREQ: 0x40,
  PRETRANS: 0x80,
  INTERP: 0x100,
  SCRIPT_PRE: 0x200,
  SCRIPT_POST: 0x400,
  SCRIPT_PREUN: 0x800,
  SCRIPT_POSTUN: 0x1000,
  SCRIPT_VERIFY: 0x2000,
  TRIGGERIN: 0x10000,
  TRIGGERUN: 0x20000,
  TRIGGERPOSTUN: 0x40000,
  MISSINGOK: 0x80000,
  PREUNTRANS: 0x100000,
  POSTUNTRANS: 0x200000,
  RPMLIB: 0x1000000,
  TRIGGERPREIN: 0x2000000,
  CONFIG: 0x10000000,
  META: 0x20000000,
} as const

/** The bits that order two versions. */
export const SENSE_MASK = SENSE.LESS | SENSE.GREATER | SENSE.EQUAL

/** Bits of a requirement that must hold before the package's own scripts run at its installation. */
export const SENSE_PRE = SENSE.PREREQ | SENSE.SCRIPT_PRE | SENSE.SCRIPT_POST | SENSE.PRETRANS

/** What a spec writes in `Requires(…)`. */
export const QUALIFIERS: ReadonlyMap<string, number> = new Map([
  ['pre', SENSE.SCRIPT_PRE],
  ['post', SENSE.SCRIPT_POST],
  ['preun', SENSE.SCRIPT_PREUN],
  ['postun', SENSE.SCRIPT_POSTUN],
  ['pretrans', SENSE.PRETRANS],
  ['posttrans', SENSE.POSTTRANS],
  ['preuntrans', SENSE.PREUNTRANS],
  ['postuntrans', SENSE.POSTUNTRANS],
  ['verify', SENSE.SCRIPT_VERIFY],
  ['interp', SENSE.INTERP],
  ['missingok', SENSE.MISSINGOK],
  ['meta', SENSE.META],
])

/** The operator of a flags value; undefined where it asks for no version. */
export function operatorOf(flags: number): '<' | '<=' | '=' | '>=' | '>' | undefined {
  switch (flags & SENSE_MASK) {
    case SENSE.LESS:
      return '<'
    case SENSE.LESS | SENSE.EQUAL:
      return '<='
    case SENSE.EQUAL:
      return '='
    case SENSE.GREATER | SENSE.EQUAL:
      return '>='
    case SENSE.GREATER:
      return '>'
    default:
      return undefined
  }
}
