// The measurements as a person reads them.
import { alignColumns } from '../../src/cli/terminal/aligned-columns.ts'
import { formatCount } from '../../src/cli/terminal/progress-bar.ts'
import type { Table } from './part.ts'
import type { Lane, Slice } from './rounds.ts'
import { medianOf, type Verdict } from './verdict.ts'

export function tableText({ head, rows }: Table): string {
  return alignColumns([head, ...rows.map(row => row.map(written))], [0]).join('\n')
}

/** The promises with their bounds beside them. */
export function verdictText(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ promise, median, least, most, unit, bound, isKept }) => [
    isKept ? 'kept' : 'MISSED',
    promise,
    `${written(median)}${unit}`,
    least === most ? '' : `${written(least)} … ${written(most)}`,
    'atLeast' in bound ? `≥ ${written(bound.atLeast)}${unit}` : `≤ ${written(bound.atMost)}${unit}`,
  ])
  return alignColumns([['', 'promise', 'median', 'least … most', 'bound'], ...rows], [0, 1]).join('\n')
}

/**
 * A row for each lane: medians over the rounds; the slowest answer of all. `items`: what a lane's
 * requests consist of.
 */
export function sliceTable(lanes: readonly Lane[], slices: readonly (readonly Slice[])[], items = 'requests'): Table {
  const rates = [['requests/s', 'requestsPerSecond'] as const, [`${items}/s`, 'itemsPerSecond'] as const]
  if (items === 'requests') rates.pop()
  return {
    head: ['', 'connections', ...rates.map(([name]) => name), 'p50 ms', 'p99 ms', 'p999 ms', 'max ms', ...CPU_COLUMNS],
    rows: lanes.map(({ name, connections }, place) => {
      const own = slices[place] ?? []
      const median = (field: keyof Slice) => medianOf(own.flatMap(slice => slice[field] ?? []))
      return [
        name,
        connections,
        ...rates.map(([, rate]) => whole(median(rate))),
        median('p50'),
        median('p99'),
        median('p999'),
        Math.max(...own.map(({ max }) => max)),
        median('cpuMicros'),
        percent(median('serverCpu')),
        percent(median('loadCpu')),
        percent(median('othersCpu')),
      ]
    }),
  }
}

const CPU_COLUMNS = ['CPU µs each', 'server CPU', 'load CPU', 'others'] as const

/** 12,345 */
export function whole(value: number): string {
  return formatCount(Math.round(value))
}

export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(0)} %`
}

/** Three digits, or all of a larger number. */
function written(cell: string | number | null): string {
  if (typeof cell === 'string') return cell
  if (cell === null || Number.isNaN(cell)) return '–'
  return Math.abs(cell) >= 100 ? whole(cell) : String(Number(cell.toPrecision(3)))
}
