import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSockets } from './sockets.ts'

// Lines of /proc/net/tcp, tcp6 and udp of a real machine, the table's name before each.
const REAL = `tcp    0: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 1 1 0
tcp    1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0
tcp    2: 0100007F:8F2C 0100007F:0016 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0
tcp6   0: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 4
tcp6   1: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 5
udp  123: 00000000:007B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6 2 0 0
udp  124: 0A00020F:0044 0A000202:0043 01 00000000:00000000 00:00000000 00000000     0        0 7 2 0 0`

test('what listens is told from what is connected, and the loopback from the world', () => {
  expect(parseSockets(REAL)).toEqual([
    { port: 'tcp/53', loopback: true },
    { port: 'tcp/22', loopback: false },
    { port: 'tcp/631', loopback: true },
    { port: 'tcp/443', loopback: false },
    { port: 'udp/123', loopback: false },
  ])
})

test('a machine may say anything: no text makes the reader fail', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const { port } of parseSockets(`${text}\n${REAL}\n${text}`)) expect(port).toMatch(/^(tcp|udp)\/\d+$/)
    }),
  )
})
