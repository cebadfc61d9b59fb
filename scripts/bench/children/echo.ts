// The baselines: what Express, or node:http alone, does for a body like the one of /assign when
// there is nothing else to do. Argument: which of them.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'

const app = express()
app.use(express.json())
app.post('/assign', (request, response) => {
  response.json(request.body)
})

const bare = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.stringify(JSON.parse(Buffer.concat(chunks).toString()))
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
    response.end(body)
  })
})

const server = process.argv[2] === 'Express' ? createServer(app) : bare
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
