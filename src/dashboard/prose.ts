// Sentences: for a terminal without anything that it would obey, broken into lines, never between a number and its unit.

/** One line of plain text: control characters and marks that reorder text are gone, white space is single. */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim()
}

/** Lines of at most `width` code points; `first` opens the first one, and its width indents the others. */
export function wrap(text: string, width: number, first = ''): string[] {
  const indent = ' '.repeat(lengthOf(first))
  const room = width - indent.length
  const lines: string[] = []
  let line = ''
  for (const word of plain(text)
    .split(' ')
    .flatMap(whole => pieces(whole, room))) {
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

function pieces(word: string, room: number): string[] {
  const letters = [...word]
  if (letters.length <= room) return [word]
  const count = Math.ceil(letters.length / room)
  return Array.from({ length: count }, (_, piece) => letters.slice(piece * room, (piece + 1) * room).join(''))
}
