import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Two cores on the machines that run this: a worker more only steals time from the server under test.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})
