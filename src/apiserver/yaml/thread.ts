// Runs in a worker thread: reads one YAML text, answers with what it holds or with what is wrong with it, and ends.
import { parentPort, workerData } from 'node:worker_threads';
import { type Decoded, DecodeError } from '../../apimachinery/codec/decoded.ts';
import { decodeYaml } from '../../apimachinery/codec/yaml.ts';

/** A problem is the body's; anything else that is thrown ends the thread with an error. */
export type YamlAnswer = { decoded: Decoded } | { problem: string };

function answer(): YamlAnswer {
  try {
    return { decoded: decodeYaml(workerData as Uint8Array) };
  } catch (error) {
    if (error instanceof DecodeError) return { problem: error.message };
    // Nested deeper than the stack holds; Go's decoder stops at 10,000.
    if (error instanceof RangeError) return { problem: 'exceeded max depth' };
    throw error;
  }
}

parentPort?.postMessage(answer());
