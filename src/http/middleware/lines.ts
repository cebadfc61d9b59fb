// A stream of bytes as lines, a chunk at a time: what makes a body of any length readable in little
// memory.

export interface Line {
  /** From 1. */
  readonly number: number
  /** Without its end; null when it was longer than the limit, and was passed over. */
  readonly bytes: Buffer | null
}

const NEWLINE = 0x0a

/**
 * The lines of a stream, as many at once as end in a chunk of it; the last one need not end. A line
 * of over `limit` bytes is passed over without being kept.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Line[]> {
  let number = 1
  let parts: Buffer[] = []
  let size = 0
  const take = (part: Buffer) => {
    size += part.length
    if (size <= limit) parts.push(part)
    else parts = []
  }
  const line = (): Line => {
    const bytes = size > limit ? null : parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    parts = []
    size = 0
    return { number: number++, bytes }
  }
  for await (const chunk of stream) {
    const lines: Line[] = []
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, end))
      lines.push(line())
      from = end + 1
    }
    take(chunk.subarray(from))
    if (lines.length > 0) yield lines
  }
  if (size > 0) yield [line()]
}
