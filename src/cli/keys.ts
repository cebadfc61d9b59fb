// pinwheel keys: makes, shows, rotates and revokes API keys, in the database of DATABASE_URL. The
// service may run meanwhile; it applies a change within a second.
import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { BanditError, StoreUnavailableError } from '../bandit/errors.ts'
import { type Config, ConfigError, readConfig } from '../server/config.ts'
import { DatabaseError } from '../store/database-error.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/port.ts'
import { runCreate, runHistory, runList, runRevoke, runRotate } from './keys/commands.ts'
import { OPTIONS, type Options } from './keys/options.ts'
import { readArguments } from './terminal/arguments.ts'
import { Failure, UsageError } from './terminal/failure.ts'

const HELP = `Usage: pinwheel keys COMMAND

  create --name NAME --scope SCOPES   makes a key, and shows its secret this once
      --scope SCOPES     assign, reward, read, admin, with commas between them; admin changes experiments
      --kind pk          a publishable key, for browsers: assign and reward only, 100/s unless --rate is given
      --expires 90d      ends after 90 days; also h, m or s
      --rate 100/s       at most 100 requests, units and events a second (s); also a minute (m), an hour (h) or a day (d)
  list                                every key with what it may do and until when; never its secret
  rotate NAME --overlap 24h           a new secret for a key; the old one ends after the overlap (at once without one)
  revoke NAME                         ends a key at once
  history [NAME]                      who changed which key, and when

Works on the database of DATABASE_URL while the service runs. A change ends after a second, when the service has applied it. The secret
alone is written to stdout:
  KEY=$(npx --no pinwheel keys create --name web --scope assign,reward)
`

/** A running service polls for changed keys more often than this. */
const LEARNED_AFTER_MS = 1_000

interface Command {
  readonly run: (store: Store, name: string | undefined, options: Options) => Promise<void>
  readonly takesName: boolean
  readonly isChange: boolean
  readonly options: readonly (keyof Options)[]
}

const COMMANDS: Readonly<Record<string, Command>> = {
  create: { run: runCreate, isChange: true, takesName: false, options: ['name', 'scope', 'kind', 'expires', 'rate'] },
  list: { run: runList, isChange: false, takesName: false, options: [] },
  rotate: { run: runRotate, isChange: true, takesName: true, options: ['overlap'] },
  revoke: { run: runRevoke, isChange: true, takesName: true, options: [] },
  history: { run: runHistory, isChange: false, takesName: true, options: [] },
}

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments(OPTIONS, args)
  const [verb, name, ...rest] = positionals
  if (values.help || verb === undefined) return void process.stdout.write(HELP)
  const command = Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined
  if (command === undefined) throw new UsageError(`Cannot understand ${JSON.stringify(verb)}; see --help`)
  refuseStrays(verb, command, values, command.takesName ? rest : positionals.slice(1))
  const store = await open(verb)
  try {
    await command.run(store, name, values)
  } catch (error) {
    if (error instanceof BanditError) throw new Failure(error.message)
    if (!(error instanceof StoreUnavailableError)) throw error
    throw new Failure(`Cannot ${verb}: ${(error.cause as Error).message}`)
  } finally {
    await store.close()
  }
  // The next command may use the new key, or rely on the end of an old one.
  if (command.isChange) await setTimeout(LEARNED_AFTER_MS)
}

/** @throws Failure for what another command would understand */
function refuseStrays(verb: string, command: Command, values: Options, rest: readonly string[]): void {
  const strays = [...rest, ...optionsIn(values).flatMap(name => (command.options.includes(name) ? [] : [`--${name}`]))]
  if (strays.length > 0) throw new UsageError(`${verb} takes no ${strays.join(', ')}; see --help`)
}

function optionsIn({ help: _, ...values }: Options): (keyof Options)[] {
  return Object.keys(values) as (keyof Options)[]
}

/** Only a first key may be created before the database. */
async function open(verb: string): Promise<Store> {
  if (existsSync('.env')) process.loadEnvFile()
  const { databaseUrl } = configured()
  const path = databaseUrl.slice(databaseUrl.indexOf(':') + 1)
  if (verb !== 'create' && databaseUrl.startsWith('sqlite:') && !existsSync(path)) {
    throw new Failure(`There are no keys at ${databaseUrl}: there is no such file; DATABASE_URL names it`)
  }
  try {
    return await openStore(databaseUrl)
  } catch (error) {
    throw error instanceof DatabaseError ? new Failure(error.message) : error
  }
}

function configured(): Config {
  try {
    return readConfig(process.env)
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(error.message) : error
  }
}
