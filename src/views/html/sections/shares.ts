// How the policy moved: the share of new units that each arm got, snapshot by snapshot, as a chart
// with its table, and as the small picture of a list.
import type { Step } from '../../../bandit/report/course.ts'
import type { ExperimentView } from '../../../bandit/report/experiment-view.ts'
import { formatCount, formatShare } from '../../../bandit/report/numbers.ts'
import { type ArmColour, armColours } from '../../svg/arm-colours.ts'
import { figure } from '../../svg/drawing.ts'
import { type ChartLine, lineChart } from '../../svg/line-chart.ts'
import { htmlTable, named } from '../html-table.ts'
import { type Markup, markup, NOTHING } from '../markup.ts'

/** So many faint lines are drawn; more would be a grey smear. */
const MOST_FAINT = 24

export function sharesSection({ report, course }: ExperimentView): Markup {
  const head = markup`<h2>Shares of new units</h2>`
  const units = report.units
  if (course.length === 0 || units === 0) {
    return markup`<section>${head}<p class="soft">Nothing to draw yet: no unit has been assigned.</p></section>`
  }
  const lines = linesOf(report.arms, course, units)
  const chart = {
    id: 'shares',
    title: 'Shares of new units by arm',
    told: `${lines
      .filter(({ colour }) => colour !== 'faint')
      .map(({ name, last }) => `${name}: ${last} at last`)
      .join('. ')}.`,
    shape: 'steps',
    lines,
    band: [],
    units,
    writeY: (value: number, step: number) => `${Number((value * 100).toFixed(step < 0.01 ? 1 : 0))} %`,
  } as const
  const faint = lines.filter(({ colour }) => colour === 'faint').length
  const others = faint === 0 ? '' : ` The faint lines are ${faint} others.`
  const caption = `What the policy gave each arm, from one snapshot to the next; ${formatCount(course.length)} so far.${others}`
  return markup`<section>${head}
${figure(layout => lineChart(chart, layout), caption)}
${sharesTable(
  report.arms.map(({ arm }) => arm),
  course,
)}</section>`
}

type Arms = ExperimentView['report']['arms']

function linesOf(arms: Arms, course: readonly Step[], units: number): ChartLine[] {
  const colours = armColours(arms)
  const last = course.at(-1)
  let faint = 0
  return arms.flatMap(({ arm }, position): ChartLine[] => {
    const colour = colours[position] as ArmColour
    if (colour === 'faint' && ++faint > MOST_FAINT) return []
    const points = course
      .filter(step => step.units > 0)
      .map(({ unitsBefore, propensities }) => [unitsBefore, propensities[position] ?? null] as const)
    const share = last?.propensities[position] ?? null
    return [
      { name: arm, last: share === null ? 'retired' : formatShare(share), colour, points: [...points, [units, share]] },
    ]
  })
}

/** At five moments: the snapshot under which the first, middle and last units came. */
function sharesTable(arms: readonly string[], course: readonly Step[]): Markup {
  const total = course.reduce((sum, { units }) => sum + units, 0)
  const moments = [0, 0.25, 0.5, 0.75, 1].map(share => {
    const units = Math.round(total * share)
    const step = course.findLast(({ unitsBefore }) => unitsBefore <= units) ?? course[0]
    return { head: share === 1 ? 'now' : share === 0 ? 'first' : `after ${formatCount(units)}`, step }
  })
  const rows = arms.map((arm, position) => ({
    name: named(arm),
    cells: moments.map(({ step }) => formatShare(step?.propensities[position] ?? null)),
  }))
  return htmlTable({
    caption: 'The same in numbers: the share of each arm after so many units.',
    groups: [{ head: '', columns: moments.map(({ head }) => head) }],
    rows,
  })
}

const SPARK = { width: 200, height: 36 } as const
const SPARK_COLUMNS = 60

/** The shares as a stack, without words: the list around it says what there is to say. */
export function sharesSparkline(arms: Arms, course: readonly Step[]): Markup {
  const total = course.reduce((sum, { units }) => sum + units, 0)
  if (total === 0) return NOTHING
  const columns = Array.from({ length: SPARK_COLUMNS }, (_, column) => {
    const units = (total * (column + 1)) / SPARK_COLUMNS
    return (course.findLast(({ unitsBefore }) => unitsBefore < units) ?? course[0])?.propensities ?? []
  })
  const colours = armColours(arms)
  const order = [...colours.keys()].sort(
    (a, b) => STACK[colours[a] as ArmColour] - STACK[colours[b] as ArmColour] || a - b,
  )
  const floor: number[] = new Array(SPARK_COLUMNS).fill(0)
  const areas = order.map(arm => {
    const under = [...floor]
    columns.forEach((shares, column) => {
      floor[column] = (floor[column] ?? 0) + (shares[arm] ?? 0)
    })
    return markup`<path class="area ${colours[arm] as ArmColour}" d="${areaPath(under, floor)}"/>`
  })
  return markup`<svg class="spark" viewBox="0 0 ${SPARK.width} ${SPARK.height}" preserveAspectRatio="none" role="img" aria-label="${sparkTold(arms)}">${areas}</svg>`
}

/** The control at the foot, the arms with colours above it. */
const STACK: Readonly<Record<ArmColour, number>> = { control: 0, arm1: 1, arm2: 2, arm3: 3, arm4: 4, arm5: 5, faint: 6 }

function areaPath(under: readonly number[], over: readonly number[]): string {
  const x = (column: number) => ((column * SPARK.width) / under.length).toFixed(1)
  const y = (share: number) => (SPARK.height * (1 - Math.min(1, share))).toFixed(1)
  const top = over.map((share, column) => `${x(column)} ${y(share)}L${x(column + 1)} ${y(share)}`)
  const back = under.map((share, column) => `${x(column + 1)} ${y(share)}L${x(column)} ${y(share)}`).reverse()
  return `M${top.join('L')}L${back.join('L')}Z`
}

function sparkTold(arms: Arms): string {
  const shares = arms
    .filter(({ propensity }) => propensity !== null)
    .toSorted((a, b) => (b.propensity ?? 0) - (a.propensity ?? 0))
  const told = shares.slice(0, 3).map(({ arm, propensity }) => `${arm} ${formatShare(propensity)}`)
  return told.length === 0
    ? 'Shares of the arms'
    : `Shares now: ${told.join(', ')}${shares.length > 3 ? ' and others' : ''}`
}
