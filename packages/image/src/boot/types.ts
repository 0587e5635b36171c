/** Why one thing starts after another: `After`, `Before` of the other, or a rule: `Type=dbus`, `a socket before its service`. */
export interface BootEdge {
  readonly unit: string
  readonly why: string
}

/** One thing that starts at boot. */
export interface BootUnit {
  readonly name: string
  /** Where it is defined: an absolute path of the image. */
  readonly file: string
  /** How many steps of the longest way from the beginning: what has one level can start in parallel. */
  readonly level: number
  /** Who asks for it, and how: `Requires`, `Wants`. Sorted. Empty for the goal. */
  readonly pulledBy: readonly BootEdge[]
  /** What it waits for. Sorted. */
  readonly after: readonly BootEdge[]
  /** Whether conditions of its own may leave it out on a node. */
  readonly conditional: boolean
}

export interface BootProblem {
  readonly kind: 'cycle' | 'missing'
  /** `a.service after b.service (After), after a.service (Before of b.service)`. */
  readonly what: string
}

/** What starts at boot and in which order, computed from the image alone: an object named by the manifest. */
export interface BootOrder {
  readonly schema: 'holotype.boot/1'
  readonly system: 'systemd' | 'sysv' | 'runit'
  /** What the boot leads to: `graphical.target`, `runlevel 2`. */
  readonly goal: string
  /** By level, then by name. */
  readonly units: readonly BootUnit[]
  /** Wanted by something and not in the image, which systemd passes over: `UNIT, wanted by UNIT`. */
  readonly absent: readonly string[]
  readonly problems: readonly BootProblem[]
}

/** A boot order with where each unit is drawn, for who draws it without computing it. */
export interface BootChart {
  readonly order: BootOrder
  /** The units of each step from top to bottom: what is in one column can start in parallel. */
  readonly columns: readonly (readonly string[])[]
  /** From a unit to one that waits for it, where no other way says the same. */
  readonly lines: readonly (readonly [from: string, to: string])[]
}

/** How the boot differs between two images. */
export interface BootChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** Orders between things that both images start: `UNIT after UNIT`. */
  readonly orderAdded: readonly string[]
  readonly orderRemoved: readonly string[]
}
