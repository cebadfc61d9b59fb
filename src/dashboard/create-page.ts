// The form of a new experiment, and the command that would do the same. The service judges it while it is filled in; each fault stands
// beside its field. A field's name is its path in the definition, so a fault finds its field by itself.
import { type Assets, framed, type Viewer } from './frame.ts'
import { type Content, type Markup, markup, NOTHING } from './markup.ts'

/** What stands in the fields of one part of the form, by the last part of their names. */
export type Fields = Readonly<Record<string, string>>

export interface CreateForm {
  readonly top: Fields
  readonly arms: readonly Fields[]
  readonly metrics: readonly Fields[]
}

export interface CreatePage {
  readonly form: CreateForm
  readonly faults: readonly { readonly path: string; readonly message: string }[]
  /** The field that was just added. */
  readonly focus: string | null
  /** What a terminal would be told instead. */
  readonly command: string
  readonly assets: Assets
  readonly viewer: Viewer
}

export function createPage(page: CreatePage): string {
  const { assets, viewer, command } = page
  const main = markup`<header><p class="crumb"><a href="/">Experiments</a></p><h1>New experiment</h1>
<p class="lead">What has a default may be left empty. Nothing reaches a unit before the experiment is started.</p></header>
<form id="definition" class="fields" method="post" action="/new" novalidate autocomplete="off">
<button class="unseen" name="do" value="check" tabindex="-1" aria-hidden="true">Check</button>
${basics(page)}
${arms(page)}
${metrics(page)}
${policy(page)}
<div class="deeds"><button class="button primary" name="do" value="create-start">Create and start</button><button class="button" name="do" value="create">Create a draft</button><button class="button nojs" name="do" value="check">Check</button></div>
${unplaced(page)}
<section class="command" aria-labelledby="command-head"><div class="top"><h2 id="command-head">The same from a terminal</h2><button type="button" class="plain" data-copies="command">Copy</button></div>
<pre tabindex="0"><code id="command">${command}</code></pre></section>
</form>`
  return framed({ title: 'New experiment', main, assets, viewer, live: null })
}

function basics({ form: { top }, ...page }: CreatePage): Markup {
  const key = field(page, 'key', 'Key', top.key, { hint: 'spring-email', isRequired: true })
  const description = area(page, 'description', 'Description', top.description, 2)
  return markup`<div class="rowed basics">${key}${description}</div>`
}

function arms({ form, ...page }: CreatePage): Markup {
  const isFixed = form.top['policy.type'] === 'fixed'
  const rows = form.arms.map((arm, place) => {
    const path = `arms[${place}]`
    const weight = isFixed ? field(page, `${path}.weight`, 'Share, 0 to 1', arm.weight) : NOTHING
    return markup`<div class="rowed" role="group" aria-label="Arm ${place + 1}">
${field(page, `${path}.key`, place === 0 ? 'Key of the control' : `Key of arm ${place + 1}`, arm.key, { isRequired: true })}
${field(page, `${path}.payload`, 'Payload, as JSON', arm.payload, { hint: '{"template": "m1"}' })}
${weight}${remover(`remove-arm-${place}`, `Take out arm ${place + 1}`, form.arms.length > 2)}</div>`
  })
  return markup`<fieldset><legend>Arms</legend>${rows}
${faultsAt(page, ['arms', 'policy.weights'])}<button class="button" name="do" value="add-arm">Add an arm</button></fieldset>`
}

function metrics({ form, ...page }: CreatePage): Markup {
  const rows = form.metrics.map((metric, place) => {
    const path = `metrics[${place}]`
    const range =
      metric.type === 'continuous'
        ? markup`${field(page, `${path}.range[0]`, 'Least outcome', metric['range[0]'], { also: [`${path}.range`], hint: '0' })}${field(page, `${path}.range[1]`, 'Largest outcome', metric['range[1]'], { hint: '500' })}`
        : NOTHING
    const margin =
      metric.role === 'guardrail'
        ? field(page, `${path}.margin`, 'Tolerated harm', metric.margin, { hint: '0.01' })
        : NOTHING
    return markup`<div class="rowed" role="group" aria-label="Metric ${place + 1}">
${field(page, `${path}.key`, `Key of metric ${place + 1}`, metric.key, { hint: 'visit', isRequired: true })}
${choice(page, `${path}.role`, 'Role', metric.role, ['primary', 'secondary', 'guardrail'])}
${choice(page, `${path}.type`, 'Type', metric.type, ['binary', 'continuous'])}
${choice(page, `${path}.goal`, 'Better is', metric.goal, [
  ['increase', 'higher'],
  ['decrease', 'lower'],
])}
${field(page, `${path}.window`, 'Window', metric.window, { hint: '14d' })}
${range}${margin}${remover(`remove-metric-${place}`, `Take out metric ${place + 1}`, form.metrics.length > 1)}</div>`
  })
  return markup`<fieldset><legend>Metrics</legend>${rows}
${faultsAt(page, ['metrics'])}<button class="button" name="do" value="add-metric">Add a metric</button></fieldset>`
}

function policy({ form: { top }, ...page }: CreatePage): Markup {
  const type = top['policy.type']
  const exploration = learns(type)
    ? field(page, 'policy.exploration', 'Spread evenly (until, after verdicts)', top['policy.exploration'], {
        also: EXPLORATION_SHARES,
        hint: '0.5, 0.1',
      })
    : NOTHING
  const share =
    type === 'fixed' ? NOTHING : field(page, 'policy.controlShare', 'Share of the control', top['policy.controlShare'])
  return markup`<fieldset><legend>Policy</legend><div class="rowed policy">
${choice(page, 'policy.type', 'Type', type, [
  ['thompson', 'thompson: by P(best)'],
  ['exploration', 'exploration: find the best'],
  ['uniform', 'uniform'],
  ['fixed', 'fixed'],
])}
${exploration}${share}
${field(page, 'alpha', 'Alpha', top.alpha, { hint: '0.05' })}
${field(page, 'plannedUnits', 'Planned units', top.plannedUnits, { hint: '30000' })}
${field(page, 'minDuration', 'Least duration', top.minDuration, { hint: '7d' })}</div>${faultsAt(page, ['policy'])}</fieldset>`
}

const EXPLORATION_SHARES = ['policy.exploration.untilVerdict', 'policy.exploration.after'] as const

type Judged = Pick<CreatePage, 'faults' | 'focus'>

interface FieldLook {
  readonly hint?: string
  readonly isRequired?: boolean
  /** Other paths whose faults stand here. */
  readonly also?: readonly string[]
}

function field(page: Judged, path: string, label: string, value = '', look: FieldLook = {}): Markup {
  const { hint = '', isRequired = false, also = [] } = look
  const { state, told } = verdictOn(page, [path, ...also], path)
  const required = isRequired ? markup` aria-required="true"` : NOTHING
  const placeholder = hint === '' ? NOTHING : markup` placeholder="${hint}"`
  return markup`<div class="field"><label for="${path}">${label}</label><input id="${path}" name="${path}" value="${value}" spellcheck="false" autocapitalize="off"${placeholder}${required}${state}>${told}</div>`
}

function area(page: Judged, path: string, label: string, value = '', rows = 2): Markup {
  const { state, told } = verdictOn(page, [path], path)
  return markup`<div class="field"><label for="${path}">${label}</label><textarea id="${path}" name="${path}" rows="${rows}"${state}>${value}</textarea>${told}</div>`
}

function choice(
  page: Judged,
  path: string,
  label: string,
  value: string | undefined,
  options: readonly (string | readonly [value: string, words: string])[],
): Markup {
  const { state, told } = verdictOn(page, [path], path)
  const listed = options.map(option => {
    const [own, words] = typeof option === 'string' ? [option, option] : option
    return markup`<option value="${own}"${own === value ? markup` selected` : NOTHING}>${words}</option>`
  })
  return markup`<div class="field"><label for="${path}">${label}</label><select id="${path}" name="${path}"${state}>${listed}</select>${told}</div>`
}

function remover(deed: string, label: string, isPossible: boolean): Markup {
  if (!isPossible) return NOTHING
  return markup`<button class="plain remove" name="do" value="${deed}" aria-label="${label}">take out</button>`
}

function verdictOn({ faults, focus }: Judged, paths: readonly string[], id: string): { state: Markup; told: Markup } {
  const own = faults.filter(({ path }) => paths.includes(path))
  const focused = focus === id ? markup` autofocus data-focus` : NOTHING
  if (own.length === 0) return { state: focused, told: NOTHING }
  return {
    state: markup`${focused} aria-invalid="true" aria-describedby="${id}-fault"`,
    told: markup`<span class="fault" id="${id}-fault">${own.map(({ message }) => message).join('; ')}</span>`,
  }
}

function faultsAt({ faults }: Pick<Judged, 'faults'>, paths: readonly string[]): Markup {
  return sentences(faults.filter(({ path }) => paths.includes(path)))
}

/** What belongs to no field that is shown. */
function unplaced({ form: { top, arms, metrics }, faults }: CreatePage): Markup {
  const hidden = new Set<string>()
  if (!learns(top['policy.type'])) hidden.add('policy.exploration')
  if (top['policy.type'] === 'fixed') hidden.add('policy.controlShare')
  for (const [place, { type, role }] of metrics.entries()) {
    if (type !== 'continuous') hidden.add(`metrics[${place}].range`)
    if (role !== 'guardrail') hidden.add(`metrics[${place}].margin`)
  }
  const places = new Set([
    ...['arms', 'metrics', 'policy', 'policy.weights', ...EXPLORATION_SHARES, ...Object.keys(top)],
    ...arms.flatMap((arm, place) => Object.keys(arm).map(name => `arms[${place}].${name}`)),
    ...metrics.flatMap((metric, place) => [...Object.keys(metric), 'range'].map(name => `metrics[${place}].${name}`)),
  ])
  return sentences(faults.filter(({ path }) => hidden.has(path) || !places.has(path)))
}

function learns(policy: string | undefined): boolean {
  return policy === 'thompson' || policy === 'exploration'
}

function sentences(faults: CreatePage['faults']): Markup {
  const lines: Content[] = faults.map(
    ({ path, message }) => markup`<p class="fault"><code>${path}</code> ${message}</p>`,
  )
  return markup`${lines}`
}
