// Round numbers along an axis.

/** From 0 to the highest, four to eight of them. */
export function ticksTo(highest: number): number[] {
  const power = 10 ** Math.floor(Math.log10(highest / 4))
  const step = power * ([1, 2, 5].findLast(times => times * power <= highest / 4) ?? 1)
  return Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, count) => count * step)
}

/** Between two numbers, 1, 2 or 5 times a power of ten apart, no more than `most` ≥ 2. */
export function ticksBetween(
  lower: number,
  upper: number,
  most: number,
): { readonly step: number; readonly ticks: number[] } {
  for (let power = 10 ** Math.floor(Math.log10((upper - lower) / most)); ; power *= 10) {
    for (const times of [1, 2, 5]) {
      const step = times * power
      const first = Math.ceil(lower / step - 1e-9)
      const count = Math.floor(upper / step + 1e-9) - first + 1
      if (count > most) continue
      return {
        step,
        ticks: Array.from({ length: count }, (_, place) => Number(((first + place) * step).toPrecision(12))),
      }
    }
  }
}
