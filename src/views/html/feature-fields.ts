// The rows of features in the form of a new experiment.
import { FEATURE_TYPES, MAX_BUCKETS, MAX_LEVELS, MIN_BUCKETS } from '../../bandit/features/feature.ts'
import { choice, type Fields, faultsAt, field, type Judged, remover } from './form-fields.ts'
import { type Markup, markup, NOTHING } from './markup.ts'

interface FeaturesForm {
  readonly top: Fields
  readonly features: readonly Fields[]
}

export function features({ top, features: declared }: FeaturesForm, page: Judged): Markup {
  const rows = declared.map((feature, place) => {
    const path = `features[${place}]`
    return markup`<div class="rowed" role="group" aria-label="Feature ${place + 1}">
${field(page, `${path}.key`, `Key of feature ${place + 1}`, feature.key, { note: 'as channel', isRequired: true })}
${choice(page, `${path}.type`, 'Type', feature.type, FEATURE_TYPES)}
${ofType(page, path, feature)}${remover(`remove-feature-${place}`, `Take out feature ${place + 1}`, true)}</div>`
  })
  const adjust =
    declared.length === 0
      ? NOTHING
      : markup`<div class="rowed">${choice(page, 'adjust', 'Narrower intervals by predictions', top.adjust, ADJUST)}</div>`
  return markup`<fieldset><legend>Features of units</legend>${rows}${adjust}
${faultsAt(page, ['features'])}<button class="button" name="do" value="add-feature">Add a feature</button></fieldset>`
}

const ADJUST = ['yes', 'no'] as const
const SEGMENTS = ['no', 'yes'] as const

function ofType(page: Judged, path: string, feature: Fields): Markup {
  if (feature.type === 'numeric') {
    return markup`${field(page, `${path}.range[0]`, 'Least value', feature['range[0]'], { also: [`${path}.range`], note: 'as 0' })}
${field(page, `${path}.range[1]`, 'Largest value', feature['range[1]'], { note: 'as 365' })}
${choice(page, `${path}.scale`, 'Scale', feature.scale, ['linear', 'log'])}
${field(page, `${path}.step`, 'Kept in steps of', feature.step, { note: 'as it is unless given' })}`
  }
  const segment = choice(page, `${path}.segment`, 'Lifts by level', feature.segment, SEGMENTS)
  if (feature.type === 'categorical') {
    const also = page.faults.map(fault => fault.path).filter(other => other.startsWith(`${path}.levels[`))
    const note = `1 to ${MAX_LEVELS}, separated by commas, as web, phone`
    return markup`${field(page, `${path}.levels`, 'Levels', feature.levels, { also, note })}${segment}`
  }
  if (feature.type === 'hashed') {
    const note = `${MIN_BUCKETS} to ${MAX_BUCKETS}`
    return markup`${field(page, `${path}.buckets`, 'Buckets', feature.buckets, { note })}${segment}`
  }
  return segment
}

/** Whether a fault is of one level, and stands at the field of all levels. */
export function isPlacedLevel(path: string): boolean {
  return /^features\[\d+\]\.levels\[\d+\]$/.test(path)
}
