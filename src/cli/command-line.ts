// The command line of Pinwheel: `pinwheel COMMAND`, in a clone `npx --no pinwheel COMMAND`.
import { VERSION } from '../http/version.ts'
import { commandNamed } from './terminal/arguments.ts'
import { runScript, UsageError } from './terminal/failure.ts'

interface Command {
  readonly summary: string
  /** Loaded only for this command: a service starts without the code of the others. */
  readonly load: () => Promise<{ readonly run: (args: readonly string[]) => Promise<void> }>
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: { summary: 'starts the service', load: () => import('./serve.ts') },
  demo: { summary: 'shows a running service at work, without any data', load: () => import('./demo.ts') },
  simulate: {
    summary: 'estimates what to expect of an experiment before it begins',
    load: () => import('./simulate.ts'),
  },
  apply: { summary: 'creates and changes experiments as files describe them', load: () => import('./apply.ts') },
  evaluate: { summary: 'values another policy on a log of decisions', load: () => import('./evaluate.ts') },
  keys: { summary: 'creates, lists, rotates and revokes API keys', load: () => import('./keys.ts') },
  verify: { summary: 'recomputes every tally from the facts', load: () => import('./verify.ts') },
  backup: { summary: 'copies the database of a running service to a file', load: () => import('./backup.ts') },
  restore: { summary: 'puts a backup in the place of the database', load: () => import('./restore.ts') },
  copy: { summary: 'copies a database to an empty one, SQLite or PostgreSQL', load: () => import('./copy.ts') },
  archive: { summary: 'moves facts of finished experiments to Parquet files', load: () => import('./archive.ts') },
}

const HELP = `Usage: pinwheel COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

pinwheel COMMAND --help prints what a command takes. In a clone: npx --no pinwheel COMMAND; in the image: node bin/pinwheel.js COMMAND.
Exit code: 0 done, 1 failed, 2 wrong usage.
`

/** Runs the command that the arguments name, and sets the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  await runScript(async () => {
    const [name, ...rest] = args
    if (name === '--help' || name === '-h' || name === 'help') return void process.stdout.write(HELP)
    if (name === '--version') return void process.stdout.write(`${VERSION}\n`)
    if (name === undefined) throw new UsageError(HELP.trimEnd())
    const { run } = await commandNamed(COMMANDS, name).load()
    await run(rest)
  })
}
