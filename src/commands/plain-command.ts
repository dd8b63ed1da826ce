// The base of all commands: whatever goes wrong is told in plain sentences on stderr, exit code 1 (2 for a command
// line that cannot be taken); the stack only with TSUKUBE_DEBUG=1.
import { Command } from '@oclif/core/command';

export abstract class PlainCommand extends Command {
  protected override async catch(
    error: Error & { oclif?: { exit?: number }; exitCode?: number; code?: string },
  ): Promise<void> {
    // --help and --version end that way, and a command that has said all there is to say.
    if (error.oclif?.exit === 0 || error.code === 'EEXIT') throw error;
    process.stderr.write(`tsukube: ${process.env.TSUKUBE_DEBUG ? error.stack : sentence(error)}\n`);
    process.exitCode = error.oclif?.exit ?? 1;
    if (process.exitCode !== 0) process.exit(process.exitCode);
  }
}

/** A file that only the cluster's owner may touch says nothing of what to do. */
const sentence = ({ code, path, message }: NodeJS.ErrnoException): string =>
  code === 'EACCES' && path
    ? `${path}: permission denied: run it as the user that the cluster runs as (sudo)`
    : message;
