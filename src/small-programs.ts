// Runs programs that take no input and say little (mount, umount, unshare, mkfifo) out of a shell that stays open: what is forked
// for them is a process of 1 MB instead of this one. In time of this process a program costs 0.1 ms so, and 3 to 6 over exec.ts
// (docs/decisions/0042-what-the-kubelet-costs.md).
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { RunError, shellQuote, spawn } from './exec.ts';

/** Of what a program says: a record of the shell has to be written at once, or two would mix (PIPE_BUF is 4096). */
const MAX_OUTPUT = 2000;
const RECORD_END = '\0';

export interface ProgramShell {
  /** Runs `argv` to its end, beside others. Throws RunError on any exit code but 0; 127 is that of a program that is not there. */
  run(argv: readonly string[]): Promise<void>;
}

interface Waiting {
  argv: readonly string[];
  resolve(): void;
  reject(error: RunError): void;
}

interface Shell {
  child: ChildProcess;
  waiting: Map<number, Waiting>;
}

/** The shell is started with the first program, and again when it has died. It ends with this process, which it does not keep alive. */
export function createProgramShell(): ProgramShell {
  let shell: Shell | undefined;
  let last = 0;

  function open(): Shell {
    const waiting = new Map<number, Waiting>();
    // In a session of its own, so that Ctrl-C leaves it for what this process does at its end.
    const child = spawn(['sh'], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    const opened = { child, waiting };
    // What it has begun goes on without it and still tells its end; what it had not read by then is lost.
    const leave = () => {
      if (shell === opened) shell = undefined;
    };
    const lose = (cause: unknown) => {
      leave();
      for (const { argv, reject } of waiting.values())
        reject(new RunError(argv, { output: '', exitCode: undefined, cause }));
      waiting.clear();
    };
    child.once('error', lose);
    child.once('exit', leave);
    child.once('close', () => lose(new Error('the shell that was to run it has ended')));
    child.stdin?.on('error', leave);
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const records = (rest + text).split(RECORD_END);
      rest = records.pop() as string;
      for (const record of records) settle(opened, record);
    });
    child.unref();
    (child.stdin as Socket | null)?.unref();
    shell = opened;
    return opened;
  }

  function settle({ child, waiting }: Shell, record: string): void {
    const [, id, code, output] = /^(\d+) (\d+) (.*)$/s.exec(record) as unknown as [string, string, string, string];
    const one = waiting.get(Number(id));
    waiting.delete(Number(id));
    if (waiting.size === 0) {
      child.stdin?.write('wait\n'); // or what has ended would stay as zombies
      (child.stdout as Socket | null)?.unref();
    }
    if (code === '0') one?.resolve();
    else one?.reject(new RunError(one.argv, { output, exitCode: Number(code), cause: { exitCode: Number(code) } }));
  }

  return {
    run: (argv) =>
      new Promise((resolve, reject) => {
        const { child, waiting } = shell ?? open();
        last += 1;
        waiting.set(last, { argv, resolve, reject });
        (child.stdout as Socket | null)?.ref();
        const told = `printf '%d %d %.${MAX_OUTPUT}s\\000' ${last} $? "$o"`;
        child.stdin?.write(`{ o=$(${shellQuote(argv)} 2>&1); ${told}; } &\n`);
      }),
  };
}

/** That of this process. */
export const programShell = createProgramShell();
