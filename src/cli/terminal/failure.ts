// How a command fails without an error in its code: one message on stderr, and an exit code, 1 for
// a failure, 2 for wrong usage.
import { ERASE_LINE } from './progress-bar.ts'

export class Failure extends Error {
  override readonly name: string = 'Failure'
  readonly exitCode: number = 1
}

/** An argument that is unknown, missing, or not what it must be. */
export class UsageError extends Failure {
  override readonly name = 'UsageError'
  override readonly exitCode = 2
}

/**
 * Runs a whole command. A `Failure` becomes its message on stderr; any other error keeps its stack.
 * Where the output is closed early, as by `| head`, the command continues to its end and its exit
 * code.
 */
export async function runScript(main: () => Promise<void>): Promise<void> {
  for (const output of [process.stdout, process.stderr]) output.on('error', ignoreClosedPipe)
  try {
    await main()
  } catch (error) {
    const text = error instanceof Failure ? error.message : (error as Error).stack
    process.stderr.write(`${process.stderr.isTTY ? ERASE_LINE : ''}${text}\n`)
    // At once: pending requests would be tried again for a minute.
    process.exit(error instanceof Failure ? error.exitCode : 1)
  }
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
