// Keys are long words; where they must be broken, it is behind one of their marks.

/** A key in lines of at most `length` letters, broken behind a mark where there is one. */
export function keyLines(key: string, length: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of key.split(/(?<=[-._])/)) {
    for (let letters = [...word]; letters.length > 0; letters = letters.slice(length)) {
      const piece = letters.slice(0, length).join('')
      if (line !== '' && line.length + piece.length > length) {
        lines.push(line)
        line = ''
      }
      line += piece
    }
  }
  return [...lines, line]
}
