// What goes wrong with a script and is no fault of its code: told in one sentence, and the exit
// code is 1.

export class Failure extends Error {
  override readonly name = 'Failure'
}

/** A progress bar may stand there. */
const ERASE_LINE = '\r\x1b[2K'

/**
 * Runs the whole script. A `Failure` becomes its sentence on stderr; anything else keeps its stack.
 * Where nobody reads the output any more, as behind `| head`, the work goes on to its end and to
 * its exit code.
 */
export async function runScript(main: () => Promise<void>): Promise<void> {
  for (const output of [process.stdout, process.stderr]) output.on('error', ignoreClosedPipe)
  try {
    await main()
  } catch (error) {
    const told = error instanceof Failure ? error.message : (error as Error).stack
    process.stderr.write(`${process.stderr.isTTY ? ERASE_LINE : ''}${told}\n`)
    // At once: requests that are still under way would go on trying for a minute.
    process.exit(1)
  }
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
