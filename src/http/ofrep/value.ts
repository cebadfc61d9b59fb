// What OFREP calls the value of an arm: text, a number, a boolean or an object, of one type for all
// arms of an experiment.
import type { Arm, Definition } from '../../bandit/experiment/experiment.ts'
import { payloadTypeOf } from '../../bandit/experiment/payload.ts'

/**
 * The payload; where no arm of the experiment has one, the arm's key. Nothing for an arm without a
 * payload beside others: there the default in the code rules, which OFREP says by leaving the value
 * out.
 */
export function ofrepValue({ arms }: Pick<Definition, 'arms'>, { key, payload }: Arm): { value?: unknown } {
  if (arms.every(arm => arm.payload === null)) return { value: key }
  if (payload === null) return {}
  return { value: typeof payload === 'number' && arms.some(hasFraction) ? asFloat(payload) : payload }
}

export const LISTS = 'The payloads are lists, which OFREP cannot carry: put each into an object, or ask POST /assign'

/** Such an experiment is refused with `LISTS`, before a unit is assigned in it. */
export function givesLists({ arms }: Pick<Definition, 'arms'>): boolean {
  return arms.some(({ payload }) => payloadTypeOf(payload) === 'list')
}

function hasFraction({ payload }: Arm): boolean {
  return typeof payload === 'number' && !Number.isInteger(payload)
}

// TypeScript does not know JSON.rawJSON yet.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }

/** Typed clients tell integers from floats by how they are written: beside 0.5, one is 1.0. */
function asFloat(value: number): unknown {
  const text = JSON.stringify(value)
  return rawJSON(/^-?\d+$/.test(text) ? `${text}.0` : text)
}
