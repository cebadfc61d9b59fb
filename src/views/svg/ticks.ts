// Round numbers along an axis, by d3-array: 1, 2 or 5 times a power of ten apart.
import { tickStep, ticks } from 'd3-array'

/** From 0 to the highest, five to nine of them. */
export function ticksTo(highest: number): number[] {
  return ticksBetween(0, highest, 9).ticks
}

/** Between two numbers, no more than `most` ≥ 1: d3-array takes the number for a hint. */
export function ticksBetween(
  lower: number,
  upper: number,
  most: number,
): { readonly step: number; readonly ticks: number[] } {
  let count = most
  while (ticks(lower, upper, count).length > most) count *= SMALLER
  return { step: tickStep(lower, upper, count), ticks: ticks(lower, upper, count) }
}

/** The next larger step is at least twice as long. */
const SMALLER = 0.9
