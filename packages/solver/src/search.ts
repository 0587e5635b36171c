/**
 * A small SAT search by conflict-driven clause learning (Marques-Silva & Sakallah 1996; two watched literals: Moskewicz et al. 2001).
 * It knows nothing of packages. Clauses come lazily: `expand` is asked once for the clauses of a variable, when it first becomes true,
 * so that only what is reached is ever encoded; every clause it gives must contain that variable negated.
 * Everything is deterministic: no restarts, no activity, no random; `decide` alone chooses.
 */

/** A variable (from 1), or its negation as a negative number. */
export type Literal = number

export interface Clause<Origin> {
  readonly literals: Literal[]
  /** Clauses are numbered as they come. */
  readonly number: number
  /** Set on clauses that were given; learned clauses have `from`. */
  readonly origin?: Origin
  /** The clauses that a learned clause was resolved from. */
  readonly from: readonly Clause<Origin>[]
}

export interface GivenClause<Origin> {
  readonly literals: readonly Literal[]
  readonly origin: Origin
}

export interface Problem<Origin> {
  /** Variables are 1 to this. */
  readonly variables: number
  expand(variable: number): readonly GivenClause<Origin>[]
  /** The next literal to try, unassigned; 0 when nothing is left to decide. */
  decide(search: SearchView): Literal
  /** Called before a decision opens `level` (from 1), and after assignments at and above `level` were undone. */
  opened?(level: number): void
  undone?(level: number): void
  /** Conflicts after which the search gives up. */
  readonly maxConflicts: number
}

export interface SearchView {
  /** 1 true, -1 false, 0 open. */
  value(literal: Literal): number
  /** What was assigned, in order. */
  readonly trail: readonly Literal[]
}

export type Outcome<Origin> =
  | { readonly kind: 'satisfied'; readonly trail: readonly Literal[]; readonly conflicts: number }
  /** Given clauses that cannot all hold, in the order they were given. */
  | { readonly kind: 'refuted'; readonly core: readonly Clause<Origin>[] }
  | { readonly kind: 'given-up' }

/** Searches for an assignment in which `facts` and all clauses hold. */
export function search<Origin>(problem: Problem<Origin>, facts: readonly GivenClause<Origin>[]): Outcome<Origin> {
  return new Search(problem).run(facts)
}

/** One run; its state is the trail and the watch lists. */
class Search<Origin> implements SearchView {
  readonly trail: Literal[] = []
  private readonly problem: Problem<Origin>
  private readonly values: Int8Array
  private readonly levels: Int32Array
  private readonly reasons: (Clause<Origin> | undefined)[] = []
  private readonly expanded: Uint8Array
  private readonly watches = new Map<Literal, Clause<Origin>[]>()
  /** Trail length at which each level begins; level 0 begins at 0. */
  private readonly starts: number[] = []
  private head = 0
  private lastClause = 0

  constructor(problem: Problem<Origin>) {
    this.problem = problem
    this.values = new Int8Array(problem.variables + 1)
    this.levels = new Int32Array(problem.variables + 1)
    this.expanded = new Uint8Array(problem.variables + 1)
  }

  value(literal: Literal): number {
    const value = this.values[Math.abs(literal)] ?? 0
    return literal > 0 ? value : -value
  }

  run(facts: readonly GivenClause<Origin>[]): Outcome<Origin> {
    for (const fact of facts) {
      const conflict = this.add(fact)
      if (conflict) return { kind: 'refuted', core: this.proof(conflict) }
    }
    for (let conflicts = 0; ; ) {
      const conflict = this.propagate()
      if (conflict) {
        if (this.starts.length === 0) return { kind: 'refuted', core: this.proof(conflict) }
        if (++conflicts > this.problem.maxConflicts) return { kind: 'given-up' }
        this.learn(conflict)
        continue
      }
      const literal = this.problem.decide(this)
      if (literal === 0) return { kind: 'satisfied', trail: this.trail, conflicts }
      this.starts.push(this.trail.length)
      this.problem.opened?.(this.starts.length)
      this.assign(literal, undefined)
    }
  }

  private assign(literal: Literal, reason: Clause<Origin> | undefined): void {
    const variable = Math.abs(literal)
    this.values[variable] = literal > 0 ? 1 : -1
    this.levels[variable] = this.starts.length
    this.reasons[variable] = reason
    this.trail.push(literal)
  }

  /** Adds a given clause under the present assignment; the clause itself if it is broken already. */
  private add(given: GivenClause<Origin>): Clause<Origin> | undefined {
    const literals = [...new Set(given.literals)]
    if (literals.some((literal) => literals.includes(-literal))) return undefined
    return this.attach({ number: ++this.lastClause, literals, origin: given.origin, from: [] })
  }

  /** Watches the two literals that will be open again first after any undoing, so that no conflict is ever missed. */
  private attach(clause: Clause<Origin>): Clause<Origin> | undefined {
    const { literals } = clause
    const rank = (literal: Literal) =>
      this.value(literal) >= 0 ? Number.POSITIVE_INFINITY : (this.levels[Math.abs(literal)] ?? 0)
    literals.sort((a, b) => (rank(b) === rank(a) ? 0 : rank(b) > rank(a) ? 1 : -1))
    const [first, second] = literals
    if (first === undefined) return clause
    if (second !== undefined) {
      this.watch(first, clause)
      this.watch(second, clause)
    }
    const value = this.value(first)
    if (value < 0) return clause
    if (value === 0 && (second === undefined || this.value(second) < 0)) this.assign(first, clause)
    return undefined
  }

  private watch(literal: Literal, clause: Clause<Origin>): void {
    const list = this.watches.get(literal)
    if (list) list.push(clause)
    else this.watches.set(literal, [clause])
  }

  private propagate(): Clause<Origin> | undefined {
    while (this.head < this.trail.length) {
      const literal = this.trail[this.head++] ?? 0
      if (literal > 0 && this.expanded[literal] === 0) {
        this.expanded[literal] = 1
        let broken: Clause<Origin> | undefined
        for (const given of this.problem.expand(literal)) {
          const conflict = this.add(given)
          // A clause of one literal has no watches: it must be the one that is learned from, or it would be lost.
          if (conflict && (!broken || conflict.literals.length === 1)) broken = conflict
        }
        if (broken) return broken
      }
      const conflict = this.visit(-literal)
      if (conflict) return conflict
    }
    return undefined
  }

  /** `falsified` has become false: each clause that watches it finds another watch, or is unit, or is broken. */
  private visit(falsified: Literal): Clause<Origin> | undefined {
    const list = this.watches.get(falsified)
    if (!list) return undefined
    let kept = 0
    let conflict: Clause<Origin> | undefined
    for (let at = 0; at < list.length; at++) {
      const clause = list[at]
      if (!clause) break
      if (conflict || !this.moveWatch(clause, falsified)) list[kept++] = clause
      else continue
      if (conflict) continue
      const other = clause.literals[0] ?? 0
      const value = this.value(other)
      if (value < 0) conflict = clause
      else if (value === 0) this.assign(other, clause)
    }
    list.length = kept
    return conflict
  }

  /** Puts the other watch first; true if the clause now watches a literal that is not false instead of `falsified`. */
  private moveWatch(clause: Clause<Origin>, falsified: Literal): boolean {
    const { literals } = clause
    if (literals[0] === falsified) {
      literals[0] = literals[1] ?? 0
      literals[1] = falsified
    }
    if (this.value(literals[0] ?? 0) > 0) return false
    for (let at = 2; at < literals.length; at++) {
      const literal = literals[at] ?? 0
      if (this.value(literal) < 0) continue
      literals[1] = literal
      literals[at] = falsified
      this.watch(literal, clause)
      return true
    }
    return false
  }

  /** Resolves a conflict back to the first unique implication point, learns that clause and goes back to where it is unit. */
  private learn(conflict: Clause<Origin>): void {
    const level = this.starts.length
    const seen = new Set<number>()
    const from: Clause<Origin>[] = [conflict]
    const learned: Literal[] = []
    let open = 0
    const take = (literal: Literal) => {
      const variable = Math.abs(literal)
      if (seen.has(variable)) return
      seen.add(variable)
      const at = this.levels[variable] ?? 0
      // What is fixed at level 0 is left out: it is false for ever.
      if (at === level) open++
      else if (at > 0) learned.push(literal)
    }
    conflict.literals.forEach(take)
    let at = this.trail.length
    let pivot = 0
    while (open > 0) {
      do pivot = this.trail[--at] ?? 0
      while (!(seen.has(Math.abs(pivot)) && this.levels[Math.abs(pivot)] === level))
      open--
      if (open === 0) break
      const reason = this.reasons[Math.abs(pivot)]
      if (!reason) break
      from.push(reason)
      for (const literal of reason.literals) if (literal !== pivot) take(literal)
    }
    const back = Math.max(0, ...learned.map((literal) => this.levels[Math.abs(literal)] ?? 0))
    this.undo(back)
    // The asserting literal is open now and the others are false: attaching makes it true.
    this.attach({ number: ++this.lastClause, literals: [-pivot, ...learned], from })
  }

  /** Back to the end of `level`. */
  private undo(level: number): void {
    const start = this.starts[level] ?? this.trail.length
    for (let at = this.trail.length - 1; at >= start; at--) this.values[Math.abs(this.trail[at] ?? 0)] = 0
    this.trail.length = start
    this.starts.length = level
    this.head = Math.min(this.head, start)
    this.problem.undone?.(level + 1)
  }

  /** The given clauses that a conflict at level 0 rests on. */
  private proof(conflict: Clause<Origin>): Clause<Origin>[] {
    const seen = new Set<Clause<Origin>>()
    const variables = new Set<number>()
    const queue: Clause<Origin>[] = [conflict]
    const visitVariable = (variable: number) => {
      if (variables.has(variable)) return
      variables.add(variable)
      const reason = this.reasons[variable]
      if (reason) queue.push(reason)
    }
    for (let clause = queue.pop(); clause; clause = queue.pop()) {
      if (seen.has(clause)) continue
      seen.add(clause)
      for (const literal of clause.literals) visitVariable(Math.abs(literal))
      queue.push(...clause.from)
    }
    return [...seen].filter((clause) => clause.origin !== undefined).sort((a, b) => a.number - b.number)
  }
}
