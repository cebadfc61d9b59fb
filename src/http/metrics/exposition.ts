// Metrics as text that Prometheus reads (exposition format 0.0.4).

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface Sample {
  /** Behind the family's name: `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** All samples of one name. */
export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /**
   * What gauges of several processes come to; without it that of the process that was asked is
   * told.
   */
  readonly across?: 'sum' | 'max' | 'min'
  readonly samples: readonly Sample[]
}

export function expositionText(families: readonly Family[]): string {
  return families.map(familyText).join('')
}

function familyText({ name, type, help, samples }: Family): string {
  const lines = [`# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`, `# TYPE ${name} ${type}`]
  for (const { suffix = '', labels, value } of samples) {
    lines.push(`${name}${suffix}${labelsText(labels)} ${valueText(value)}`)
  }
  return `${lines.join('\n')}\n`
}

function labelsText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
