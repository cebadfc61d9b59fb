// Which direction of a metric is good.

export const GOALS = ['increase', 'decrease'] as const
export type Goal = (typeof GOALS)[number]
