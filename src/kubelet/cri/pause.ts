// The program that only holds a pod's namespaces, and an image of it alone for runtimes that start a sandbox from one:
// made here, so that no registry has to be reached.
import { ociArchive } from './image-archive.ts';
import { RuntimeError } from './runtime.ts';
import { tar } from './tar.ts';

/** Changes with the program: an image of this name that is present is not made again. */
export const PAUSE_IMAGE = 'localhost/tsukube/pause:1';

interface Program {
  /** e_machine of the ELF header. */
  machine: number;
  code: string;
}

/**
 * sigaction(SIGCHLD, SIG_IGN), so that the kernel reaps for us, then wait for ever.
 * Source: x64 `push 0; push 0; push 0; push 1; mov eax,13; mov edi,17; mov rsi,rsp; xor edx,edx; mov r10d,8; syscall;
 * 1: mov eax,34; syscall; jmp 1b`, arm64 the same with ppoll(0,0,0,0) for pause.
 */
const PROGRAMS: Readonly<Record<string, Program>> = {
  x64: { machine: 62, code: '6a006a006a006a01b80d000000bf110000004889e631d241ba080000000f05b8220000000f05ebf7' },
  arm64: {
    machine: 183,
    code:
      'ff8300d1200080d2e07f00a9ff7f01a9200280d2e1030091020080d2030180d2c81080d2010000d4' +
      '000080d2010080d2020080d2030080d2280980d2010000d4faffff17',
  },
};

const LOAD_ADDRESS = 0x400000n;
const HEADERS = 64 + 56;

/** A static ELF executable of one segment. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
export function pauseProgram(arch: string = process.arch): Buffer {
  const program = PROGRAMS[arch];
  if (!program) throw new RuntimeError('CreatePodSandboxError', `there is no pause program for ${arch}`);
  const code = Buffer.from(program.code, 'hex');
  const size = BigInt(HEADERS + code.length);
  const header = Buffer.alloc(HEADERS);
  header.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  header.writeUInt16LE(2, 16); // e_type: executable
  header.writeUInt16LE(program.machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(LOAD_ADDRESS + BigInt(HEADERS), 24); // e_entry
  header.writeBigUInt64LE(64n, 32); // e_phoff
  header.writeUInt16LE(64, 52); // e_ehsize
  header.writeUInt16LE(56, 54); // e_phentsize
  header.writeUInt16LE(1, 56); // e_phnum
  header.writeUInt32LE(1, 64); // p_type: load
  header.writeUInt32LE(5, 68); // p_flags: read, execute
  header.writeBigUInt64LE(LOAD_ADDRESS, 80);
  header.writeBigUInt64LE(LOAD_ADDRESS, 88);
  header.writeBigUInt64LE(size, 96); // p_filesz
  header.writeBigUInt64LE(size, 104); // p_memsz
  header.writeBigUInt64LE(0x1000n, 112); // p_align
  return Buffer.concat([header, code]);
}

export const pauseArchive = (): Buffer =>
  ociArchive({ references: [PAUSE_IMAGE], config: { Entrypoint: ['/pause'], User: '65535:65535' } }, [
    tar([{ path: 'pause', mode: 0o755, content: pauseProgram() }]),
  ]);
