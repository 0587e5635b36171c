/** What one run of a program cost. */
export interface Cost {
  readonly seconds: number
  /** User and system, with that of all its children; undefined where /usr/bin/time is missing. */
  readonly cpuSeconds?: number
  /** The largest resident size of any one of its processes. */
  readonly peakBytes?: number
  /** Read from the network, where the program says so. */
  readonly fetchedBytes?: number
}

/** A median with the least and the most. */
export interface Figure {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** One line of the table: what was measured, on whom. */
export interface Row {
  /** What is done. Rows of the same task are compared. */
  readonly task: string
  /** Who did it: `holotype`, or the peer with what it was told. */
  readonly who: string
  readonly seconds: Figure
  readonly cpuSeconds?: Figure
  readonly peakBytes?: Figure
  readonly fetchedBytes?: Figure
  /** Seconds that were promised for this class of machine. */
  readonly bar?: number
}
