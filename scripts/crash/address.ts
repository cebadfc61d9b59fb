// An address on 127.0.0.1 that leads to a socket, which may be another one for the next connection.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/** `target`: the path of the socket of anyone who serves now. */
export async function openAddress(target: () => string): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const behind = createConnection(target())
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket)
      socket.pipe(other)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
