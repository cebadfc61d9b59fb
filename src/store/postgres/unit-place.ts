// A unit of an experiment: what assignments and rewards are looked up by.
import { numbers, type Parameter } from './connection/statement.ts'

export interface UnitPlace {
  readonly experimentId: number
  readonly unit: string
}

export function keyOf({ experimentId, unit }: UnitPlace): string {
  return `${experimentId}/${unit}`
}

/** The order in which all transactions touch rows, so that none waits for one that waits for it. */
export function byPlace(a: UnitPlace, b: UnitPlace): number {
  if (a.experimentId !== b.experimentId) return a.experimentId - b.experimentId
  return a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : 0
}

export function placeColumns(places: readonly UnitPlace[]): Parameter[] {
  return [numbers(places.map(({ experimentId }) => experimentId)), places.map(({ unit }) => unit)]
}
