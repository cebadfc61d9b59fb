// What crosses from thread to thread, as columns: objects are copied one by one with the names of their fields, which for a hundred
// units takes longer than inserting some of them.

/** Numbers, texts and whatever else, each in the order of its writing. */
export interface Sheet {
  readonly numbers: Float64Array
  readonly texts: readonly string[]
  /** Copied as they are. */
  readonly values: readonly unknown[]
}

export class SheetWriter {
  readonly #numbers: number[] = []
  readonly #texts: string[] = []
  readonly #values: unknown[] = []
  readonly #places = new Map<unknown, number>()

  number(number: number): void {
    this.#numbers.push(number)
  }

  text(text: string): void {
    this.#texts.push(text)
  }

  /** The same value again, as the metric that a hundred rewards are of, crosses once. */
  value(value: unknown): void {
    let place = this.#places.get(value)
    if (place === undefined) {
      place = this.#values.push(value) - 1
      this.#places.set(value, place)
    }
    this.#numbers.push(place)
  }

  finish(): Sheet {
    return { numbers: Float64Array.from(this.#numbers), texts: this.#texts, values: this.#values }
  }
}

/** Reads what was written, in the same order. */
export class SheetReader {
  readonly #sheet: Sheet
  #number = 0
  #text = 0

  constructor(sheet: Sheet) {
    this.#sheet = sheet
  }

  get isAtEnd(): boolean {
    return this.#number === this.#sheet.numbers.length
  }

  number(): number {
    return this.#sheet.numbers[this.#number++] as number
  }

  text(): string {
    return this.#sheet.texts[this.#text++] as string
  }

  value(): unknown {
    return this.#sheet.values[this.number()]
  }
}
