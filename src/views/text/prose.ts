// StoreCommands: for a terminal without anything that it would obey, broken into lines, never
// between a number and its unit.

/**
 * One line of plain text: control characters and marks that reorder text are gone, white space is
 * single.
 */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim()
}

/**
 * Lines of at most `width` code points; `first` opens the first one, and its width indents the
 * others.
 */
export function wrap(text: string, width: number, first = ''): string[] {
  const indent = ' '.repeat(lengthOf(first))
  const room = width - indent.length
  const lines: string[] = []
  let line = ''
  for (const word of unbroken(plain(text))
    .split(' ')
    .flatMap(whole => keyLines(whole, room))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (lengthOf(longer) <= room) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  lines.push(line)
  return lines.map((content, row) => (row === 0 ? first : indent) + content.replaceAll('\u00a0', ' '))
}

/** With spaces that do not break inside `95 %` and `p < 0.0001`. */
export function unbroken(sentence: string): string {
  return sentence.replace(/(?<=[\d∞]) (?=%|pp)|(?<=\b[ep]) (?=[=<>])|(?<=[=<>]) (?=\d)/g, '\u00a0')
}

/** In code points, which is what a column holds, wide letters apart. */
export function lengthOf(text: string): number {
  return [...text].length
}

/**
 * A key, or any long word, in lines of at most `width` code points: broken behind one of its marks
 * where there is one.
 */
export function keyLines(key: string, width: number): string[] {
  const lines: string[] = []
  let line: string[] = []
  for (const piece of keyPieces(key)) {
    for (let letters = [...piece]; letters.length > 0; letters = letters.slice(width)) {
      const fitting = letters.slice(0, width)
      if (line.length > 0 && line.length + fitting.length > width) {
        lines.push(line.join(''))
        line = []
      }
      line.push(...fitting)
    }
  }
  return [...lines, line.join('')]
}

/** A key's words, each with the mark behind it: `spring-`, `email`. */
export function keyPieces(key: string): string[] {
  return key.split(/(?<=[-._])/)
}
