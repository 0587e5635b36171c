/** Every limit of hazards, named, with its unit. */

/** Rule files of a distribution. */
export const RULE_FILES = 500
/** Characters of one text of a rule. */
export const RULE_TEXT_LENGTH = 2000
/** Lines of evidence that one hazard shows. */
export const EVIDENCE_SHOWN = 20
/** Bytes of a configuration file that is read for facts. */
export const FACT_FILE_BYTES = 1024 * 1024
/** Configuration files of one folder that are read for facts. */
export const FACT_FILES = 5000
/** Ports of one bridge in Linux: port numbers have 10 bits, and 0 is none (net/bridge/br_private.h, BR_PORT_BITS). */
export const BRIDGE_PORTS = 1023
