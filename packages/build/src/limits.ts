/** Every limit of building, named, with its unit. */

/** Bytes one build may print. */
export const BUILD_LOG_BYTES = 64 * 1024 * 1024
/** Bytes of one package that a build may make. */
export const BUILT_PACKAGE_BYTES = 2 * 1024 * 1024 * 1024 - 1
/** Lines of the log that an error shows. */
export const LOG_TAIL_LINES = 15
/** Bytes of a recipe's control or changelog file. */
export const RECIPE_FILE_BYTES = 4 * 1024 * 1024
