// Many proposals share a commit. Where a draw fails, it fails before that, for whoever proposed it alone.
import type { Proposal } from '../bandit/store.ts'

/** The same proposal with every arm drawn. */
export function drawnProposal(proposal: Proposal): Proposal {
  return { ...proposal, units: proposal.units.map(({ unit, arm, propensity }) => ({ unit, arm, propensity })) }
}
