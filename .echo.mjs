import express from 'express'
const app = express(); app.use(express.json()); app.post('/assign', (q, r) => r.json({ ...q.body, arm: 'control', propensity: 0.5, snapshot: 1, assignedAt: '2026-01-01T00:00:00.000Z', reason: 'assigned' })); app.post('/rewards', (q, r) => r.json({recorded:1, results:[{status:'recorded'}], ...q.body})); app.listen(8098)
