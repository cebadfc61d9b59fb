import { defineConfig } from 'vitest/config'

/** Nothing but functions: these files may share a process. */
const PURE = ['access', 'bandit', 'simulation', 'stats', 'views'].map(folder => `tests/${folder}/**/*.test.ts`)

/** Tests that start processes, browsers or several databases. */
const SLOW = ['tests/e2e/**/*.test.ts']

export default defineConfig({
  test: {
    // Two cores on the machines that run this: a worker more only steals time from the server
    // under test.
    maxWorkers: 2,
    projects: [
      { test: { name: 'pure', include: PURE, isolate: false, testTimeout: 20_000 } },
      {
        test: { name: 'quick', include: ['tests/**/*.test.ts'], exclude: [...PURE, ...SLOW], testTimeout: 20_000 },
      },
      {
        test: {
          name: 'slow',
          include: SLOW,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          globalSetup: 'tests/support/shared-postgres.ts',
        },
      },
    ],
  },
})
