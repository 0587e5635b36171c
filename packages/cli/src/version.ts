/** The version of the whole house: the root package.json's, which a test compares. */
export const VERSION = '0.1.0'
