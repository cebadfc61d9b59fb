// Names in a column that is too narrow for them: shortened with an ellipsis, and still told apart.

type Letters = readonly string[]

/**
 * Names of at most `width` ≥ 8 characters, in the order given; different names stay different. A
 * name keeps its head; where that does not tell it from another one, its head and tail, or its head
 * and a piece of its middle; in the last resort it is numbered.
 */
export function shortNames(names: readonly string[], width: number): string[] {
  const letters = names.map(name => [...name])
  const short = letters.map(name => (name.length <= width ? name.join('') : `${name.slice(0, width - 1).join('')}…`))
  for (const retell of [headAndTail, headAndMiddle, numbered]) {
    const alike = collisions(short)
    const group = alike.map(position => letters[position] ?? [])
    retell(group, width, alike).forEach((name, index) => {
      short[alike[index] ?? -1] = name
    })
  }
  return short
}

function headAndTail(group: readonly Letters[], width: number): string[] {
  const tail = Math.floor((width - 1) / 2)
  return group.map(name => `${name.slice(0, width - 1 - tail).join('')}…${name.slice(-tail).join('')}`)
}

/**
 * The piece that tells most of the names apart; of those, one that begins a word, and then the
 * first.
 */
function headAndMiddle(group: readonly Letters[], width: number): string[] {
  const head = Math.floor(width / 3)
  const size = width - head - 2
  const longest = Math.max(0, ...group.map(name => name.length))
  let [start, most] = [head, -1]
  for (let candidate = head; candidate < longest; candidate++) {
    const pieces = new Set(group.map(name => name.slice(candidate, candidate + size).join('')))
    const beginsWord = group.every(name => /^[-._]$/.test(name[candidate - 1] ?? '-'))
    const score = 2 * pieces.size + (beginsWord ? 1 : 0)
    if (score > most) [start, most] = [candidate, score]
  }
  return group.map(name => {
    const piece = name.slice(start, start + size).join('')
    return `${name.slice(0, head).join('')}…${piece}${start + size < name.length ? '…' : ''}`
  })
}

function numbered(group: readonly Letters[], width: number, positions: readonly number[]): string[] {
  return group.map((name, index) => {
    const number = `…#${(positions[index] ?? 0) + 1}`
    return name.slice(0, width - number.length).join('') + number
  })
}

/** Positions of shortened names that some other one equals. */
function collisions(short: readonly string[]): number[] {
  const counts = new Map<string, number>()
  for (const name of short) counts.set(name, (counts.get(name) ?? 0) + 1)
  return short.flatMap((name, position) => ((counts.get(name) ?? 0) > 1 ? [position] : []))
}
