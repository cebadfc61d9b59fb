import { start } from '../server/start.ts'
import { command } from './terminal/arguments.ts'

const help = `Usage: pinwheel serve

Starts the service. Its settings come from the environment, and a file .env in this folder: DATABASE_URL
(sqlite:./data/pinwheel.db), HOST (127.0.0.1), PORT (8080), WORKERS (1), PINWHEEL_ADMIN_KEY, and those that
docs/operate describes. SIGTERM or Ctrl-C stops it: what was accepted is answered first.
`

export const run = command({ help }, start)
