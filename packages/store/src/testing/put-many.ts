import { openStore } from '../store.ts'

// Run as a process by store.test.ts: puts the same 2,000 objects as its siblings, as fast as it can, and prints the last digest; says on stderr when the first is there.
const store = openStore(process.argv[2] ?? '')
let last = ''
for (let index = 0; index < 2000; index++) {
  last = store.put(Buffer.alloc(10_000, String(index)))
  if (index === 0) process.stderr.write('begun\n')
}
process.stdout.write(last)
