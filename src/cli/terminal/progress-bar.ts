// A bar on a terminal; a line every few seconds elsewhere, so that a log stays readable.

interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export const ERASE_LINE = '\r\x1b[2K'

const WIDTH = 28
const REDRAW_MS = 100
const LINE_MS = 5_000

export class ProgressBar {
  readonly #output: Output
  readonly #now: () => number
  readonly #startedAt: number
  #drawnAt: number

  constructor(output: Output = process.stderr, now: () => number = Date.now) {
    this.#output = output
    this.#now = now
    this.#startedAt = now()
    this.#drawnAt = this.#startedAt
  }

  /** `total`: where it ends at the latest. `what`: what is counted, as `units`. */
  update(done: number, total: number, what: string): void {
    const now = this.#now()
    if (now - this.#drawnAt < (this.#output.isTTY ? REDRAW_MS : LINE_MS)) return
    this.#drawnAt = now
    const share = total === 0 ? 1 : Math.min(1, done / total)
    const seconds = (now - this.#startedAt) / 1_000
    const counts = `${formatCount(done)} of ${formatCount(total)} ${what}, ${seconds.toFixed(0)} s`
    if (!this.#output.isTTY) return void this.#output.write(`${counts}\n`)
    const filled = Math.round(share * WIDTH)
    this.#output.write(`${ERASE_LINE}[${'█'.repeat(filled)}${'·'.repeat(WIDTH - filled)}] ${counts}`)
  }

  /** Writes a line of text; the bar continues below it. */
  say(text: string): void {
    this.#output.write(`${this.#output.isTTY ? ERASE_LINE : ''}${text}\n`)
  }

  /** Removes the bar. */
  end(): void {
    if (this.#output.isTTY) this.#output.write(ERASE_LINE)
  }
}

/** 12,345 */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** `1 unit`, `12,345 units` */
export function formatCountOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
