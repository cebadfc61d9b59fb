// Failures of a command that are not defects of its code: one sentence on stderr, and an exit code:
// 1 failed, 2 wrong usage.

export class Failure extends Error {
  override readonly name: string = 'Failure'
  readonly exitCode: number = 1
}

/** An argument that is unknown, missing, or not what it must be. */
export class UsageError extends Failure {
  override readonly name = 'UsageError'
  override readonly exitCode = 2
}

/** A progress bar may stand there. */
const ERASE_LINE = '\r\x1b[2K'

/**
 * Runs a whole command. A `Failure` becomes its sentence on stderr; anything else keeps its stack.
 * If the output is closed, as behind `| head`, the work continues to its end and its exit code.
 */
export async function runScript(main: () => Promise<void>): Promise<void> {
  for (const output of [process.stdout, process.stderr]) output.on('error', ignoreClosedPipe)
  try {
    await main()
  } catch (error) {
    const text = error instanceof Failure ? error.message : (error as Error).stack
    process.stderr.write(`${process.stderr.isTTY ? ERASE_LINE : ''}${text}\n`)
    // At once: requests in progress would be retried for a minute.
    process.exit(error instanceof Failure ? error.exitCode : 1)
  }
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
