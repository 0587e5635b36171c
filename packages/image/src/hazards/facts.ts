import type { FileChange } from '../types.ts'
import { accountsRenumbered } from './facts/accounts.ts'
import { bondsWithoutMac, bridgesOverFull } from './facts/network.ts'
import { nfsWithDefaults } from './facts/nfs.ts'
import {
  agentGone,
  fileSystemFeatures,
  initReplaced,
  kernelModulesReplaced,
  libraryChangesPackage,
  setuidGone,
} from './facts/system.ts'
import type { FACT_NAMES, HazardRule } from './rule.ts'
import type { Sides } from './sides.ts'

export interface Asked {
  readonly sides: Sides
  readonly files: readonly FileChange[]
  readonly rule: HazardRule
}

/** A fact of two images, as lines that name paths and values. */
export interface Fact {
  /** What the new image has and the old one had not. */
  readonly brought: readonly string[]
  /** What the new image has, whether or not the old one had it. */
  readonly present: readonly string[]
}

/** What differs, where there is nothing to have. */
const change =
  (find: (asked: Asked) => readonly string[]) =>
  (asked: Asked): Fact => ({ brought: find(asked), present: [] })

/** What each side has by itself. */
const state =
  (find: (store: Sides['store'], image: Sides['after']) => readonly string[]) =>
  ({ sides: { store, before, after } }: Asked): Fact => {
    const present = find(store, after)
    const old = new Set(present.length === 0 ? [] : find(store, before))
    return { present, brought: present.filter((line) => !old.has(line)) }
  }

const FACTS = {
  'accounts-renumbered': change(accountsRenumbered),
  'setuid-helper-gone': change(setuidGone),
  'init-replaced': change(initReplaced),
  'agent-gone': change(agentGone),
  'kernel-modules-replaced': change(kernelModulesReplaced),
  'library-changes-package': change(libraryChangesPackage),
  'file-system-features': change(fileSystemFeatures),
  'bond-without-mac': state(bondsWithoutMac),
  'bridge-over-1023-ports': state(bridgesOverFull),
  'nfs-tcp-default-retries': state(nfsWithDefaults),
} satisfies Record<(typeof FACT_NAMES)[number], (asked: Asked) => Fact>

/** Looks for a fact by its name. */
export function factOf(name: (typeof FACT_NAMES)[number], asked: Asked): Fact {
  return FACTS[name](asked)
}
