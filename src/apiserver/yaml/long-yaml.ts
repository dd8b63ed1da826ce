// Long YAML is read in a thread: at about 1 MB/s the longest body would keep everybody else waiting for seconds. One at a
// time, so that those who send such bodies wait for each other and not the others for them.
import { Worker } from 'node:worker_threads';
import { type Decoded, DecodeError } from '../../apimachinery/codec/decoded.ts';
import { decodeYaml } from '../../apimachinery/codec/yaml.ts';
import type { YamlAnswer } from './thread.ts';

/** Bytes that are read at once; a thread takes as long to start as reading some 100 KiB does. */
const SHORT = 64 * 1024;
/** Run from source it is a .ts file, from the package a .js one; tsc rewrites imports, but not these. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const BRACE = 0x7b;
/** What the longest body of ordinary YAML takes, twice. */
const MAX_MEMORY_MB = 1024;

export type ReadYaml = (body: Uint8Array) => Decoded | Promise<Decoded>;

/** Throws DecodeError, or rejects with it. */
export function createYamlReader(): ReadYaml {
  let last: Promise<unknown> = Promise.resolve();
  return (body) => {
    // JSON that is said to be YAML is read as JSON, which is fast.
    if (body.length <= SHORT || body[0] === BRACE) return decodeYaml(body);
    const mine = last.then(() => onThread(body));
    last = mine.catch(() => undefined); // whoever sent it is told
    return mine;
  };
}

const onThread = (body: Uint8Array): Promise<Decoded> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL(`./thread.${extension}`, import.meta.url), {
      workerData: body,
      resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
    });
    thread.once('message', (answer: YamlAnswer) => {
      if ('decoded' in answer) resolve(answer.decoded);
      else reject(new DecodeError(answer.problem));
    });
    thread.once('error', (error: NodeJS.ErrnoException) => {
      const tooMuch = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      reject(tooMuch ? new DecodeError('yaml: the document is too large') : error);
    });
    thread.once('exit', (code) => reject(new Error(`the thread that reads YAML ended with code ${code}`)));
  });
