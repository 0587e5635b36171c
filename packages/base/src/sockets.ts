/** A port that some program of the machine waits on. */
interface ListeningPort {
  /** `tcp/22`, `udp/53`. */
  readonly port: string
  readonly loopback: boolean
}

/** The kernel's tables of sockets: files in `/proc/net`. */
export const SOCKET_TABLES = ['tcp', 'tcp6', 'udp', 'udp6'] as const

/**
 * Reads lines of the kernel's tables of sockets, each after the table's name: those that wait for anyone are TCP in state LISTEN (0A) and
 * UDP that is not connected (07); Linux, Documentation/networking/proc_net_tcp.rst.
 */
export function parseSockets(text: string): ListeningPort[] {
  return text.split('\n').flatMap((line) => {
    const [, table = '', address = '', hex = '', state] =
      /^(tcp6?|udp6?)\s+\d+:\s+([0-9A-F]+):([0-9A-F]{4})\s+\S+\s+([0-9A-F]{2})\s/.exec(line) ?? []
    if (state !== (table.startsWith('tcp') ? '0A' : '07')) return []
    // Words in the byte order of the machine: 127.x ends in 7F, ::1 is three zero words and 01000000.
    const loopback = address.length === 8 ? address.endsWith('7F') : address === '00000000000000000000000001000000'
    return [{ port: `${table.slice(0, 3)}/${Number.parseInt(hex, 16)}`, loopback }]
  })
}
