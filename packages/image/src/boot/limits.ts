/** Bytes of a unit file, a drop-in or an init script's header. */
export const UNIT_FILE_BYTES = 1024 * 1024
/** Symbolic links followed on the way to one path (path_resolution(7)). */
export const LINKS_FOLLOWED = 40
/** Units of one image that start at boot. */
export const BOOT_UNITS = 20_000
/** Aliases of units that lead from one to the next (systemd, `FOLLOW_MAX`). */
export const ALIASES_FOLLOWED = 8
