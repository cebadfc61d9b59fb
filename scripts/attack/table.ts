// The reportData as a table, a row as soon as it is there.
import type { Measured } from './attack.ts'

const COLUMNS = [24, 9, 9, 9, 10, 16, 9] as const

export function head(): string {
  return line(['attack', 'messages', 'bytes', 'CPU s', 'CPU s each', 'MB: before·peak·after', 'wait ms'], 'verdict')
}

export function rowOf(measured: Measured, broken: readonly string[]): string {
  const { attack, messages, bytes, cpuSeconds, beforeMB, peakMB, afterMB, longestWaitMs, statuses } = measured
  const memory = [beforeMB, peakMB, afterMB].map(value => value.toFixed(0)).join(' · ')
  const cells = [
    attack.name,
    String(messages),
    bytes.toFixed(0),
    cpuSeconds.toFixed(2),
    (cpuSeconds / messages).toFixed(3),
    memory,
    longestWaitMs.toFixed(0),
  ]
  const verdict =
    broken.length === 0 ? `ok${attack.isComputation ? ' (computes)' : ''}` : `BROKEN: ${broken.join('; ')}`
  const answers = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
  return line(cells, answers.length === 0 ? verdict : `${verdict} (${answers.join(', ')})`)
}

function line(cells: readonly string[], verdict: string): string {
  const aligned = cells.map((cell, column) =>
    column === 0 ? cell.padEnd(COLUMNS[column] as number) : cell.padStart(COLUMNS[column] as number),
  )
  return `${aligned.join(' ')}  ${verdict}`
}
