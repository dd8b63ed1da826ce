// Pings on a WebSocket for as long as it is open. A client whose input nobody takes is not read from, and that it went away would
// not be seen: what is written to it is refused then, which is.
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../clock.ts';

const EVERY_MS = 15_000;

export function pingWhileOpen(socket: WebSocket, clock: Clock): void {
  let timer: Timer;
  const wait = () => {
    timer = clock.after(EVERY_MS, () => {
      if (socket.readyState === socket.OPEN) socket.ping();
      wait();
    });
  };
  wait();
  socket.once('close', () => timer.cancel());
}
