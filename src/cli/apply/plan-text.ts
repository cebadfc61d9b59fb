// What would change, as text: one experiment after the other, field by field.
import { formatCountOf } from '../terminal/progress-bar.ts'
import type { Plan } from './plan.ts'

/** The mark and colour of a line: new, removed or retired, changed. */
export type Mark = '+' | '-' | '~'

type Paint = (mark: Mark, text: string) => string

/** The experiments that would change, and a last line with the number of each kind. */
export function planText(plans: readonly Plan[], paint: Paint): string {
  const lines = plans.filter(isChange).flatMap(plan => linesOf(plan, paint))
  return [...lines, sumOf(plans), ''].join('\n')
}

export function isChange({ result, move }: Plan): boolean {
  return result !== 'unchanged' || move !== null
}

function linesOf(plan: Plan, paint: Paint): string[] {
  const { filed, result, changes, move } = plan
  const { file, line } = filed.place('')
  const width = Math.min(WIDEST_PATH, Math.max(0, ...changes.map(({ path }) => path.length)))
  const [mark, title] = result === 'created' ? (['+', 'is new'] as const) : (['~', `is ${plan.status}`] as const)
  return [
    paint(mark, `${mark} ${filed.key} ${title}, ${file}:${line}`),
    ...changes.map(change => changeLine(change, width, paint)),
    ...(move === null ? [] : [paint('~', `    ${moveText(plan, move)}`)]),
    '',
  ]
}

function changeLine({ path, before, after }: Plan['changes'][number], width: number, paint: Paint): string {
  const line = (mark: Mark, text: string) => paint(mark, `    ${mark} ${path.padEnd(width)}  ${text}`.trimEnd())
  if (RETIREMENT.test(path)) {
    return after === true
      ? line('-', 'true: it keeps its units and gets no new ones')
      : line('+', 'false: it gets units again')
  }
  if (before === undefined) return line('+', valueText(after, path))
  if (after === undefined) return line('-', valueText(before, path))
  return line('~', `${valueText(before)} → ${valueText(after)}`)
}

function moveText({ status, winner, filed }: Plan, move: NonNullable<Plan['move']>): string {
  const wins =
    filed.winner === undefined || filed.winner === winner
      ? ''
      : `, winner ${valueText(winner)} → ${valueText(filed.winner)}`
  return status === move ? `~ ${wins.slice(2)}` : `~ status ${status} → ${move}${wins}`
}

/** The field of an arm, and not one in its payload. */
const RETIREMENT = /^arms\.(?!.*\.payload\.).+\.retired$/

const WIDEST_PATH = 40
const LONGEST_VALUE = 100

/** A value as JSON; of a whole arm or metric, whose key ends the path, without its defaults. */
function valueText(value: unknown, path = ''): string {
  if (typeof value === 'object' && value !== null && 'key' in value && path.endsWith(`.${value.key}`)) {
    const fields = Object.entries(value).filter(([name, field]) => name !== 'key' && field !== null && field !== false)
    return fields.length === 0 ? '' : shortened(JSON.stringify(Object.fromEntries(fields)))
  }
  return shortened(JSON.stringify(value))
}

function shortened(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 1)}…`
}

function sumOf(plans: readonly Plan[]): string {
  const count = (which: (plan: Plan) => boolean) => plans.filter(which).length
  const created = count(({ result }) => result === 'created')
  const changed = count(plan => plan.result !== 'created' && isChange(plan))
  if (created + changed === 0) return `No changes: ${formatCountOf(plans.length, 'experiment')} as in the files.`
  const parts = [
    `${created} to create`,
    `${changed} to change`,
    `${plans.length - created - changed} as in the files already`,
  ]
  return `${formatCountOf(plans.length, 'experiment')}: ${parts.filter(part => !part.startsWith('0 ')).join(', ')}.`
}
