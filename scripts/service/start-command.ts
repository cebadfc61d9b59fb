// The service as `npm start` starts it, for those who start one of their own in another folder.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What `node` is given: its own flags, the file, and the command. */
export const START_ARGUMENTS: readonly string[] = startArguments()

function startArguments(): string[] {
  const { scripts } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
    scripts: { start: string }
  }
  const [, ...words] = scripts.start.split(' ')
  return words.map(word => (word.endsWith('.js') ? resolve(ROOT, word) : word))
}
