// An experiment whose units bring features of every type.
export const FEATURES = [
  { key: 'channel', type: 'categorical', levels: ['web', 'phone', 'store'], segment: true },
  { key: 'recency', type: 'numeric', range: [1, 12], step: 1 },
  { key: 'member', type: 'boolean' },
  { key: 'city', type: 'hashed', buckets: 4 },
]

/** What is different from an experiment without features. */
export const CONTEXTUAL = { features: FEATURES, policy: { type: 'contextual' } }
