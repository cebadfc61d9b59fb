// The density of a belief on the natural scale, for drawing it.
import { beliefGrid } from './belief-grid.ts'
import { linkDensity } from './link-density.ts'
import type { Posterior } from './posterior.ts'

/**
 * The density of θ at each of `points`, per unit of the metric; it integrates to one. A Beta below
 * one in a count grows without bound towards that end, so its points must lie strictly between 0
 * and 1. Relative error 1e-12, checked against closed forms.
 *
 * @throws RangeError when the posterior is invalid, or a point is not inside its range.
 */
export function posteriorDensity(posterior: Posterior, points: readonly number[]): number[] {
  const outside = points.find(
    point => !Number.isFinite(point) || (posterior.family === 'beta' && !(point > 0 && point < 1)),
  )
  if (outside !== undefined) throw new RangeError(`Cannot draw a ${posterior.family} posterior at ${outside}`)
  const density = linkDensity(posterior)
  const { link, mode, logDensity } = density
  const [{ integral } = { integral: 1 }] = beliefGrid([density]).beliefs
  return points.map(point => {
    const t = link.linked(point)
    return Math.exp(logDensity(t - mode)) / (integral * link.slope(t))
  })
}
