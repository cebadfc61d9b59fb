// The experiment of every benchmark: three arms, one of them with a payload, and one metric.

export const EXPERIMENT = 'bench'
export const METRIC = 'visit'

export const DEFINITION = {
  key: EXPERIMENT,
  arms: [{ key: 'control' }, { key: 'mens', payload: { template: 'm1' } }, { key: 'womens' }],
  metrics: [{ key: METRIC, type: 'binary', role: 'primary' }],
} as const
