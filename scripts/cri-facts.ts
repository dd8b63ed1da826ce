// The messages of k8s.io/cri-api as JSON, which a test holds the CRI driver's own against: message → field → number and
// type as the file has it, and enumeration → names by number.
//   node scripts/cri-facts.ts PATH/TO/cri-api/pkg/apis/runtime/v1/api.proto > test/kubelet/cri/grpc/testdata/cri-api.json
import { readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
if (!file) {
  console.error('usage: node scripts/cri-facts.ts API.PROTO > FACTS.JSON');
  process.exit(2);
}

const source = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
const messages: Record<string, Record<string, { number: number; type: string }>> = {};
const enums: Record<string, Record<string, number>> = {};
const open: { kind: string; name: string }[] = [];
for (const line of source.split('\n').map((text) => text.trim())) {
  const opened = /^(message|enum|service)\s+(\w+)\s*\{(\})?/.exec(line);
  if (opened) {
    const [, kind = '', name = '', closed] = opened;
    if (kind === 'message') messages[name] = {};
    if (!closed) open.push({ kind, name });
    continue;
  }
  const block = open.at(-1);
  if (line === '}') open.pop();
  const field = /^(repeated\s+\w+|map<.*>|\w+)\s+(\w+)\s*=\s*(\d+)/.exec(line);
  if (block?.kind === 'message' && field) {
    const [, type = '', name = '', number] = field;
    Object.assign(messages[block.name] ?? {}, { [name]: { number: Number(number), type: type.replace(/,\s+/, ',') } });
  }
  const value = /^(\w+)\s*=\s*(\d+);/.exec(line);
  if (block?.kind === 'enum' && value) enums[block.name] = { ...enums[block.name], [value[1] ?? '']: Number(value[2]) };
}
process.stdout.write(`${JSON.stringify({ messages, enums }, undefined, 1)}\n`);
