import type { IncomingMessage } from 'node:http';
import type { Clock } from '@sputnikjs/core';

/**
 * Discards the rest of a request that was answered before it was complete, for `ms` at most; then cuts the connection. If it cut it at once,
 * the client would see a reset instead of the answer (RFC 9112, section 9.6).
 */
export function linger(request: IncomingMessage, ms: number, clock: Clock): void {
  if (request.complete) return;
  const { socket } = request;
  const cancel = clock.after(ms, () => socket.destroy());
  const ended = (): void => {
    cancel();
    socket.off('close', ended);
  };
  request.once('close', ended);
  socket.once('close', ended);
}
