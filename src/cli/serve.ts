import { start } from '../server/start.ts'
import { readArguments } from './terminal/arguments.ts'
import { UsageError } from './terminal/failure.ts'

const HELP = `Usage: pinwheel serve

Starts the service. The environment, and a file .env in this folder, configure it: DATABASE_URL
(sqlite:./data/pinwheel.db), HOST (127.0.0.1), PORT (8080), WORKERS (1), PINWHEEL_ADMIN_KEY, and
docs/operate/configuration.md lists the others. SIGTERM or Ctrl-C stops it after answering accepted requests.
`

export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = readArguments({ help: { type: 'boolean', short: 'h', default: false } }, args)
  if (values.help) return void process.stdout.write(HELP)
  if (positionals.length > 0) throw new UsageError(`Cannot understand ${JSON.stringify(positionals[0])}; see --help`)
  await start()
}
