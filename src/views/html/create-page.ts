// The form of a new experiment, and the command that would do the same. The service judges it while
// it is filled in; each fault stands beside its field.
import { DEFAULT_ALPHA, DEFAULT_PLANNED_UNITS } from '../../bandit/experiment/definition-input.ts'
import { METRIC_ROLES } from '../../bandit/metrics/metric.ts'
import { hasRange, METRIC_TYPES } from '../../bandit/metrics/registry.ts'
import { completePolicy } from '../../bandit/policies/policy-input.ts'
import { hasWeights, learns, POLICIES, type PolicyType, readsContext } from '../../bandit/policies/registry.ts'
import { features, isPlacedLevel } from './feature-fields.ts'
import { choice, type Fields, faultsAt, field, type Judged, labelled, remover, sentences } from './form-fields.ts'
import { type Assets, framed, type Viewer } from './frame.ts'
import { type Markup, markup, NOTHING } from './markup.ts'

export interface CreateForm {
  readonly top: Fields
  readonly arms: readonly Fields[]
  readonly metrics: readonly Fields[]
  readonly features: readonly Fields[]
}

export interface CreatePage extends Judged {
  readonly form: CreateForm
  /** What a terminal would be told instead. */
  readonly command: string
  readonly assets: Assets
  readonly viewer: Viewer
}

export function createPage(page: CreatePage): string {
  const { assets, viewer, command } = page
  const main = markup`<header><p class="crumb"><a href="/">Experiments</a></p><h1>New experiment</h1>
<p class="lead">A field that says what holds unless given may be left empty. Nothing reaches a unit before the experiment is started.</p></header>
<form id="definition" class="fields" method="post" action="/new" novalidate autocomplete="off">
<button class="unseen" name="do" value="check" tabindex="-1" aria-hidden="true">Check</button>
${basics(page)}
${arms(page)}
${metrics(page)}
${features(page.form, page)}
${policy(page)}
<div class="deeds"><button class="button primary" name="do" value="create-start">Create and start</button><button class="button" name="do" value="create">Create a draft</button><button class="button nojs" name="do" value="check">Check</button></div>
${unplaced(page)}
<section class="command" aria-labelledby="command-head"><div class="top"><h2 id="command-head">The same from a terminal</h2><button type="button" class="plain" data-copies="command">Copy</button></div>
<pre tabindex="0"><code id="command">${command}</code></pre></section>
</form>`
  return framed({ title: 'New experiment', main, assets, viewer, live: null })
}

function basics({ form: { top }, ...page }: CreatePage): Markup {
  const key = field(page, 'key', 'Key', top.key, { note: 'as spring-email', isRequired: true })
  const note = 'none unless given'
  const area = (state: Markup) =>
    markup`<textarea id="description" name="description" rows="2"${state}>${top.description ?? ''}</textarea>`
  const description = labelled(page, 'description', 'Description', { note }, area)
  return markup`<div class="rowed basics">${key}${description}</div>`
}

function arms({ form, ...page }: CreatePage): Markup {
  const isWeighted = hasWeights(form.top['policy.type'])
  const rows = form.arms.map((arm, place) => {
    const path = `arms[${place}]`
    const weight = isWeighted
      ? field(page, `${path}.weight`, 'Share, 0 to 1', arm.weight, { note: 'all of them sum to 1' })
      : NOTHING
    return markup`<div class="rowed" role="group" aria-label="Arm ${place + 1}">
${field(page, `${path}.key`, place === 0 ? 'Key of the control' : `Key of arm ${place + 1}`, arm.key, { isRequired: true })}
${field(page, `${path}.payload`, 'Payload, as JSON', arm.payload, { note: 'none unless given, as {"template": "m1"}' })}
${weight}${remover(`remove-arm-${place}`, `Take out arm ${place + 1}`, form.arms.length > 2)}</div>`
  })
  return markup`<fieldset><legend>Arms</legend>${rows}
${faultsAt(page, ['arms', 'policy.weights'])}<button class="button" name="do" value="add-arm">Add an arm</button></fieldset>`
}

function metrics({ form, ...page }: CreatePage): Markup {
  const rows = form.metrics.map((metric, place) => {
    const path = `metrics[${place}]`
    const range = hasRange(metric.type)
      ? markup`${field(page, `${path}.range[0]`, 'Least outcome', metric['range[0]'], { also: [`${path}.range`], note: 'as 0' })}${field(page, `${path}.range[1]`, 'Largest outcome', metric['range[1]'], { note: 'as 500' })}`
      : NOTHING
    const margin =
      metric.role === 'guardrail'
        ? field(page, `${path}.margin`, 'Tolerated harm', metric.margin, {
            note: '0 unless given, which only a real improvement proves; as 0.01',
          })
        : NOTHING
    return markup`<div class="rowed" role="group" aria-label="Metric ${place + 1}">
${field(page, `${path}.key`, `Key of metric ${place + 1}`, metric.key, { note: 'as visit', isRequired: true })}
${choice(page, `${path}.role`, 'Role', metric.role, METRIC_ROLES)}
${choice(page, `${path}.type`, 'Type', metric.type, METRIC_TYPES)}
${choice(page, `${path}.goal`, 'Better is', metric.goal, GOAL_WORDS, metric.role === 'guardrail' ? GUARDRAIL_GOAL : '')}
${field(page, `${path}.window`, 'Window', metric.window, { note: 'none unless given, as 14d' })}
${range}${margin}${remover(`remove-metric-${place}`, `Take out metric ${place + 1}`, form.metrics.length > 1)}</div>`
  })
  return markup`<fieldset><legend>Metrics</legend>${rows}
${faultsAt(page, ['metrics'])}<button class="button" name="do" value="add-metric">Add a metric</button></fieldset>`
}

const GOAL_WORDS = [
  ['increase', 'higher'],
  ['decrease', 'lower'],
] as const

const GUARDRAIL_GOAL = 'higher unless you say lower, as for complaints'

function policy({ form: { top, arms }, ...page }: CreatePage): Markup {
  const type = top['policy.type']
  const holds = sharesUnlessGiven(top, arms.length)
  const spread = learns(type) ? 'Spread evenly (until, after verdicts)' : 'Spread evenly'
  const exploration =
    learns(type) || readsContext(type)
      ? field(page, 'policy.exploration', spread, top['policy.exploration'], {
          also: EXPLORATION_SHARES,
          note: `${holds.exploration} unless given`,
        })
      : NOTHING
  const contextual = readsContext(type)
    ? markup`${field(page, 'policy.shrinkage', 'Shrinkage', top['policy.shrinkage'], { note: 'learned unless given, 1: features matter' })}
${field(page, 'policy.halfLife', 'Half-life', top['policy.halfLife'], { note: 'none unless given, as 30d' })}`
    : NOTHING
  const share = hasWeights(type)
    ? NOTHING
    : field(page, 'policy.controlShare', 'Share of the control', top['policy.controlShare'], {
        note: `${holds.controlShare} unless given`,
      })
  return markup`<fieldset><legend>Policy</legend><div class="rowed policy">
${choice(
  page,
  'policy.type',
  'Type',
  type,
  POLICIES.map(policy => [policy.type, policy.label]),
)}
${exploration}${share}${contextual}
${field(page, 'alpha', 'Alpha', top.alpha, { note: `${DEFAULT_ALPHA} unless given` })}
${field(page, 'plannedUnits', 'Planned units', top.plannedUnits, { note: `${DEFAULT_PLANNED_UNITS} unless given` })}
${field(page, 'minDuration', 'Least duration', top.minDuration, { note: 'none unless given, as 7d' })}</div>${faultsAt(page, ['policy'])}</fieldset>`
}

const EXPLORATION_SHARES = ['policy.exploration.untilVerdict', 'policy.exploration.after'] as const

/** What the policy of the form does where its shares are left empty. */
function sharesUnlessGiven(top: Fields, arms: number): { exploration: string; controlShare: string } {
  const active = Array.from({ length: arms }, (_, place) => String(place))
  const type = top['policy.type'] as PolicyType
  const policyWith = (controlShare?: number) => completePolicy({ type, controlShare }, { control: '0', active })
  const share = Number(top['policy.controlShare'])
  const [asIs, byItself] = [policyWith(share > 0 && share < 1 ? share : undefined), policyWith()]
  const exploration = 'exploration' in asIs ? asIs.exploration : 0
  const told = (number: number) => String(Number(number.toPrecision(4)))
  return {
    exploration:
      typeof exploration === 'number'
        ? told(exploration)
        : `${told(exploration.untilVerdict)}, ${told(exploration.after)}`,
    controlShare: ('controlShare' in byItself && byItself.controlShare?.toString()) || 'none',
  }
}

/** What belongs to no field that is shown. */
function unplaced({ form: { top, arms, metrics, features: declared }, faults }: CreatePage): Markup {
  const hidden = new Set<string>()
  const type = top['policy.type']
  if (!learns(type) && !readsContext(type)) hidden.add('policy.exploration')
  if (declared.length === 0) hidden.add('adjust')
  if (hasWeights(type)) hidden.add('policy.controlShare')
  for (const [place, { type: metricType, role }] of metrics.entries()) {
    if (!hasRange(metricType)) hidden.add(`metrics[${place}].range`)
    if (role !== 'guardrail') hidden.add(`metrics[${place}].margin`)
  }
  const places = new Set([
    ...['arms', 'metrics', 'features', 'policy', 'policy.weights', ...EXPLORATION_SHARES, ...Object.keys(top)],
    ...arms.flatMap((arm, place) => Object.keys(arm).map(name => `arms[${place}].${name}`)),
    ...metrics.flatMap((metric, place) => [...Object.keys(metric), 'range'].map(name => `metrics[${place}].${name}`)),
    ...declared.flatMap((feature, place) =>
      [...Object.keys(feature), 'range'].map(name => `features[${place}].${name}`),
    ),
  ])
  return sentences(faults.filter(({ path }) => hidden.has(path) || !(places.has(path) || isPlacedLevel(path))))
}
