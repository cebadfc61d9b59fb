// Which colour an arm has, on every drawing of a page: grey for the control, a colour of its own
// for the few that matter, and a faint line for the rest. Names stand beside the lines, so nothing
// hangs on colour alone.
import type { ArmReport } from '../../bandit/report/report-data.ts'
import { ARM_COLOURS } from './palette.ts'

export type ArmColour = 'control' | 'faint' | (typeof ARM_COLOURS)[number]

/**
 * By arm, in their order. The arms with colours are those that are most probably best; the first
 * ones where that is not known.
 */
export function armColours(arms: readonly Pick<ArmReport, 'isControl' | 'probabilityBest'>[]): ArmColour[] {
  const rivals = arms.flatMap(({ isControl, probabilityBest }, arm) =>
    isControl ? [] : [{ arm, belief: probabilityBest ?? -1 }],
  )
  const chosen = rivals
    .toSorted((a, b) => b.belief - a.belief || a.arm - b.arm)
    .slice(0, ARM_COLOURS.length)
    .map(({ arm }) => arm)
    .sort((a, b) => a - b)
  return arms.map(({ isControl }, arm) => {
    if (isControl) return 'control'
    return ARM_COLOURS[chosen.indexOf(arm)] ?? 'faint'
  })
}
