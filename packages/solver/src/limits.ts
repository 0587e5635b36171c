/** Every limit of this package, named, with its unit. */

/** Conflicts one search may meet before it is given up. Real distributions stay below 100. */
export const SEARCH_CONFLICTS = 50_000
/** Clauses of a refutation that are still shortened one by one; a longer one is shown as it is. */
export const CORE_CLAUSES = 300
/** Links of an explanation that are shown. */
export const EXPLANATION_LINKS = 12
/** Versions or names listed in one link of an explanation. */
export const EXPLANATION_NAMES = 3
/** Bytes of one lock file. */
export const LOCK_FILE_BYTES = 8 * 1024 * 1024
/** Packages of one lock. */
export const LOCK_PACKAGES = 50_000
/** Ways in which the conditions of one relation may hold together (rpm `if … and …`); each is a clause. */
export const CONDITION_CLAUSES = 4096
