import type { Shell } from './shell.ts'
import type { Workplace } from './workplace.ts'

/** Recipe to signed repository, lock, image; the image once more in a second store. */
export async function day1(shell: Shell, place: Workplace): Promise<void> {
  shell.heading('A distribution is a git repository')
  shell.say(shell.dim('$ git init && git commit'))
  await git(shell, place, 'init', '--quiet', '--initial-branch=main')
  await commit(shell, place, 'the first state of acme')
  await shell.holotype(place, ['admin', 'keys', 'create'])
  shell.heading('1  Build our own package, in a clean root without network')
  await shell.holotype(place, ['build'])
  shell.heading('2  Lock: every package of the image, by digest')
  await shell.holotype(place, ['image', 'lock', 'web'])
  await commit(shell, place, 'web: lock')
  shell.heading('3  Compose the image from scratch, and once more in another store')
  await shell.holotype(place, ['image', 'compose', 'web'])
  await shell.holotype(place, ['image', 'verify', 'web', '--store', place.secondStore])
}

/** Everything as a commit of the example's operator, whatever git configuration this machine has. */
export async function commit(shell: Shell, place: Workplace, message: string): Promise<void> {
  await git(shell, place, 'add', '--all')
  await git(shell, place, 'commit', '--quiet', '--message', message)
}

export async function git(shell: Shell, place: Workplace, ...words: string[]): Promise<string> {
  const identity = ['-c', 'user.name=alice', '-c', 'user.email=alice@acme.example', '-c', 'commit.gpgsign=false']
  return (await shell.run(['git', ...identity, '-C', place.distribution, ...words], { quiet: true })).stdout
}
