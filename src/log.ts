// The logger: pino, one JSON line per record (or readable lines on a terminal). Components get a child of it.
import { type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** A root logger writing to stderr; `pretty` needs pino-pretty and is for terminals. */
export function createLogger(options: { level: LogLevel; pretty?: boolean }): Logger {
  if (options.pretty) {
    return pino({
      level: options.level,
      transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } },
    });
  }
  return pino({ level: options.level, base: null }, pino.destination({ dest: 2, sync: true }));
}

export const silentLogger: Logger = pino({ level: 'silent' });
