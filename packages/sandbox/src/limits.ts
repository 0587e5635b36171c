/** Every limit of a sandbox, named, with its unit. */

/** Processes and threads at one time: more than any package's build asks for, fewer than a machine has to give. */
export const SANDBOX_PROCESSES = 4096
/** Bytes of one file. */
export const SANDBOX_FILE_BYTES = 64 * 1024 * 1024 * 1024
/** Milliseconds the kernel may take to let go of a control group whose processes have ended. */
export const GROUP_REMOVAL_MS = 2_000
