// Asks an upstream kube-apiserver v1.36 and this server the same requests, made from the recorded ones, and tells where
// the answers differ. Exits with 1 when any does.
//   npm run compare -- --upstream=FOLDER             its programs, made by scripts/compare/build-upstream
//   npm run compare -- --answers=FILE                answers that were saved before; asks this server only
// What is asked: --only=RE (kinds), --kinds=recorded,create,update,mixture,patch,neighbour,encoding,apply,definition, --count=N (values a place), --mixtures=N (a kind), --seed=N
//   --feature-gates=CBORServingAndStorage=true of both servers: encodings are asked for in CBOR too
//   --manifests=FOLDER objects of its files instead, --only by file, with N --variants of each custom resource and definition
// How it is compared: --words messages and warnings too
// What is kept: --save=FILE all of it with upstream's answers, as a recording; --save-differing=FILE what differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { askAll, playScenario } from '../test/vectors/play.ts';
import { startProgram } from '../test/vectors/program.ts';
import { recordings, type Scenario, scenariosOf } from '../test/vectors/scenario.ts';
import { applies } from './compare/applies.ts';
import { encodings } from './compare/encodings.ts';
import { inventedDefinitions } from './compare/invented.ts';
import { manifests } from './compare/manifests.ts';
import { neighbours } from './compare/neighbours.ts';
import { patches } from './compare/patches.ts';
import { createChance } from './compare/random.ts';
import { type Difference, describe } from './compare/report.ts';
import { creations, type Inquiry, mixtures, updates } from './compare/scenarios.ts';
import { readRecordings } from './compare/seeds.ts';
import { startUpstream } from './compare/upstream.ts';

const CONNECTIONS = 6;

const { values: flags } = parseArgs({
  options: {
    upstream: { type: 'string' },
    answers: { type: 'string' },
    only: { type: 'string', default: '' },
    kinds: { type: 'string', default: 'create,update,mixture,patch,neighbour' },
    'feature-gates': { type: 'string', default: '' },
    count: { type: 'string', default: '8' },
    mixtures: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    manifests: { type: 'string' },
    variants: { type: 'string', default: '0' },
    words: { type: 'boolean', default: false },
    save: { type: 'string' },
    'save-differing': { type: 'string' },
  },
});

const SERVER = {
  connections: CONNECTIONS,
  arguments: flags['feature-gates'] ? [`--feature-gates=${flags['feature-gates']}`] : [],
};

function inquiries(): Inquiry[] {
  const { subjects, vocabulary } = readRecordings();
  const kinds = flags.kinds.split(',');
  const only = new RegExp(flags.only);
  const chance = createChance(Number(flags.seed));
  const recorded = kinds.includes('recorded') ? recordings().flatMap(scenariosOf) : [];
  const people =
    flags.manifests === undefined
      ? undefined
      : manifests(flags.manifests, only, { chance, variants: Number(flags.variants) });
  if (people) return flags.words ? people.map(withWords) : people;
  const near = kinds.includes('neighbour') ? neighbours(only, { vocabulary, chance, count: Number(flags.count) }) : [];
  const made = subjects
    .filter(({ name }) => only.test(name))
    .flatMap((subject) => {
      const making = { vocabulary, chance: createChance(Number(flags.seed)), count: Number(flags.count) };
      return [
        ...(kinds.includes('create') ? creations(subject, making) : []),
        ...(kinds.includes('update') ? updates(subject, making) : []),
        ...(kinds.includes('patch') ? patches(subject, making, Number(flags.mixtures)) : []),
        ...(kinds.includes('encoding') ? encodings(subject, making, flags['feature-gates'].includes('CBOR')) : []),
        ...(kinds.includes('apply') ? applies(subject, making, Number(flags.mixtures)) : []),
        ...(kinds.includes('mixture') ? mixtures(subject, making, Number(flags.mixtures)) : []),
      ];
    });
  const defined = kinds.includes('definition') ? inventedDefinitions(chance, Number(flags.mixtures)) : [];
  const asked = [...defined, ...recorded.filter(({ name }) => only.test(name)), ...made, ...near];
  return flags.words ? asked.map(withWords) : asked;
}

const withWords = ({ name, steps }: Inquiry): Inquiry => ({
  name,
  steps: steps.map((step) => ({ ...step, also: [...(step.also ?? []), 'words'] })),
});

/** Runs `work` on each, a few at a time; results in order. */
async function each<T, R>(list: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = list.entries();
  const worker = async () => {
    for (const [i, item] of rest) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return results;
}

async function answersOf(programs: string, asked: readonly Inquiry[]): Promise<Scenario[]> {
  const upstream = await startUpstream(programs, SERVER);
  try {
    const answered = await each(asked, async (inquiry) => {
      try {
        return withAnswers(inquiry, await askAll(upstream.caller, inquiry.steps));
      } catch (error) {
        // Some requests make upstream's server panic, and close the connection.
        console.error(`no answer from upstream to ${inquiry.name}: ${(error as Error).message}`);
        return undefined;
      }
    });
    return answered.filter((scenario) => scenario !== undefined);
  } finally {
    await upstream.stop();
  }
}

const withAnswers = ({ name, steps }: Inquiry, answers: Awaited<ReturnType<typeof askAll>>): Scenario => ({
  name,
  steps: steps.map((step, i) => ({ ...step, want: answers[i] as (typeof answers)[number] })),
});

async function differencesOf(scenarios: readonly Scenario[]): Promise<Difference[]> {
  const program = await startProgram(SERVER);
  try {
    const played = await each(scenarios, async (scenario) => ({
      scenario,
      lines: await playScenario(program.caller, scenario),
    }));
    return played.filter(({ lines }) => lines.length > 0);
  } finally {
    await program.stop();
  }
}

function read(file: string): Scenario[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Scenario);
}

function write(file: string, scenarios: readonly Scenario[]): void {
  const text = `${scenarios.map((scenario) => JSON.stringify(scenario)).join('\n')}\n`;
  writeFileSync(file, file.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text);
}

if ((flags.upstream === undefined) === (flags.answers === undefined)) {
  console.error('compare: give either --upstream=FOLDER or --answers=FILE');
  process.exit(2);
}
// Called off, it takes the servers it started along.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
console.log(`seed ${flags.seed}`);
const scenarios =
  flags.upstream === undefined ? read(flags.answers as string) : await answersOf(flags.upstream, inquiries());
if (flags.save !== undefined) write(flags.save, scenarios);
const differences = await differencesOf(scenarios);
if (flags['save-differing'] !== undefined)
  write(
    flags['save-differing'],
    differences.map(({ scenario }) => scenario),
  );
for (const group of describe(differences)) console.log(group);
const requests = scenarios.reduce((sum, { steps }) => sum + steps.length, 0);
const differing = differences.reduce(
  (sum, { lines }) => sum + new Set(lines.map((line) => /^step \d+/.exec(line)?.[0])).size,
  0,
);
console.log(`${requests} requests in ${scenarios.length} scenarios: ${differing} answers differ`);
process.exitCode = differing > 0 ? 1 : 0;
