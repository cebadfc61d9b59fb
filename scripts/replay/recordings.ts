// The recordings by their names, as a person gives them on the command line.

import { type Recording, shuffleOutcomes } from '../../src/cli/demo/recording.ts'
import { Failure } from '../../src/cli/terminal/failure.ts'
import { hillstrom } from './hillstrom.ts'
import type { DatedRecording } from './replay-days.ts'
import { star } from './star.ts'
import { tanf } from './tanf.ts'
import { upworthy } from './upworthy.ts'

export interface RecordingOptions {
  readonly dataFolder: string
  /**
   * Shuffles each arm's outcomes; null: in the order of the file, or by seed 1 where that is
   * sorted.
   */
  readonly seed: number | null
  /** How long a day takes in a replay of letters, in milliseconds. */
  readonly dayMs: number
  /** Letters get outcomes of letters of the same day only. */
  readonly isSameDay: boolean
}

const LOADERS = {
  hillstrom: ({ dataFolder, seed }) => seeded(hillstrom(dataFolder), seed),
  tanf: ({ dataFolder, dayMs, isSameDay, seed }) => shuffledInDays(tanf(dataFolder, dayMs, isSameDay), seed ?? 1),
  upworthy: ({ dataFolder, seed }, [testId]) => shuffleOutcomes(upworthy(dataFolder, testId), seed ?? 1),
  star: ({ dataFolder, seed }) => seeded(star(dataFolder), seed),
} as const satisfies Record<string, (options: RecordingOptions, rest: readonly string[]) => Recording | DatedRecording>

/**
 * The recording that the words of a command line name: `hillstrom`, `upworthy
 * 53f6b5dd2f4a3ab450000038`.
 *
 * @throws Failure when there is none, or its data cannot be read
 */
export function readRecording(
  [name = '', ...rest]: readonly string[],
  options: RecordingOptions,
): Recording | DatedRecording {
  const loader = Object.entries(LOADERS).find(([known]) => known === name)?.[1]
  if (loader === undefined) {
    const asked = name === '' ? 'Which data?' : `There is no data set ${JSON.stringify(name)}.`
    throw new Failure(`${asked} Name one of ${Object.keys(LOADERS).join(', ')}; --help tells more`)
  }
  const tooMany = rest[name === 'upworthy' ? 1 : 0]
  if (tooMany !== undefined)
    throw new Failure(`Cannot understand ${JSON.stringify(tooMany)}; --help tells what there is`)
  return loader(options, rest)
}

function shuffledInDays(recording: DatedRecording, seed: number): DatedRecording {
  const shuffled = shuffleOutcomes(recording, seed)
  const inDays = [...shuffled.outcomes].map(([arm, ofArm]) => [arm, ofArm.toSorted((a, b) => a.day - b.day)] as const)
  return { ...shuffled, outcomes: new Map(inDays) }
}

function seeded(recording: Recording, seed: number | null): Recording {
  return seed === null ? recording : shuffleOutcomes(recording, seed)
}
