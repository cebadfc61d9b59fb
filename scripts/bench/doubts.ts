// What makes a measurement doubtful: a load that could not make more, or others who took the core
// of anyone who was measured.
import type { Lane, Slice } from './rounds.ts'
import { medianOf } from './verdict.ts'

/** The load generator must have time to spare, or it is what was measured. */
const MOST_LOAD_CPU = 0.9
const MOST_OTHERS_CPU = 0.1

/** In sentences; none when all is well. */
export function doubtsAbout(lanes: readonly Pick<Lane, 'name'>[], slices: readonly (readonly Slice[])[]): string[] {
  const doubts = lanes.flatMap(({ name }, place) => {
    const load = medianOf((slices[place] ?? []).flatMap(({ loadCpu }) => loadCpu ?? []))
    if (!(load >= MOST_LOAD_CPU)) return []
    return [`!!! The load itself had no time to spare under ${name}: it was the bottleneck.`]
  })
  const others = slices.flat().flatMap(({ othersCpu }) => othersCpu ?? [])
  const busy = others.filter(share => share > MOST_OTHERS_CPU).length
  if (busy === 0) return doubts
  return [
    ...doubts,
    `Noise: others took more than a tenth of the server's core in ${busy} of ${others.length} slices, ${(100 * medianOf(others)).toFixed(0)} % in the median.`,
  ]
}
