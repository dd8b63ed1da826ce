// Plays scenarios against a server and tells where its answers differ from the recorded ones.
import { setTimeout as pause } from 'node:timers/promises';
import { compareAnswers } from './compare.ts';
import type { Caller } from './http.ts';
import { type Normaliser, normalAnswer, pointer, type Variables } from './normal.ts';
import { type Answer, type Request, type Scenario, type Step, scenariosOf } from './scenario.ts';

/** Longest a GET is repeated for what it waits for. */
const UNTIL_MS = 10_000;

/** A step whose answer is not known, or not looked at. */
export type Question = Omit<Step, 'want'>;

/** Differences, one a line; none when all answers are as recorded. */
export async function playScenario(caller: Caller, { steps }: Scenario): Promise<string[]> {
  const answers = await askAll(caller, steps);
  return steps.flatMap((step, i) => compareAnswers(step.want, answers[i] as Answer, `step ${i + 1}`));
}

/** The normalised answers to questions that are asked one after another, in a namespace of their own. */
export async function askAll({ call }: Caller, questions: readonly Question[]): Promise<Answer[]> {
  const variables: Variables = { ns: `v-${word()}${word()}`, id: `v${word()}${word()}` };
  const names = { ns: variables.ns as string, id: variables.id as string };
  await call({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: names.ns } } });
  const accounts = `/api/v1/namespaces/${names.ns}/serviceaccounts`;
  await call({ method: 'POST', path: accounts, body: { metadata: { name: 'default' } } });
  const normaliser: Normaliser = { said: '', variables };
  const answers: Answer[] = [];
  for (const question of questions) {
    // Kept values are the server's, not said.
    normaliser.said += JSON.stringify(fill(question.do, names));
    if (question.wait) await pause(question.wait);
    const reply = await ask(question, variables, call);
    answers.push(normalAnswer(reply, normaliser, question));
    for (const [name, path] of Object.entries(question.keep ?? {})) {
      variables[name] = pointer(reply.json, path) as string;
    }
  }
  await call({ method: 'DELETE', path: `/api/v1/namespaces/${names.ns}` });
  return answers;
}

async function ask({ do: request, until }: Question, variables: Variables, call: Caller['call']) {
  const filled = fill(request, variables) as Request;
  const end = performance.now() + UNTIL_MS;
  for (;;) {
    const reply = await call(filled);
    const holds = Object.entries(until ?? {}).every(([path, value]) => pointer(reply.json, path) === value);
    if (holds || performance.now() > end) return reply;
    await pause(50);
  }
}

const word = (): string =>
  Math.random()
    .toString(36)
    .slice(2, 8)
    .padEnd(6, 'x')
    .replace(/^[0-9]/, 'v');

/** Puts variables into all strings and keys; ${x9} is nine times the letter x. */
function fill(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)\}/g, (all, name: string) => {
      return variables[name] ?? (/^x\d+$/.test(name) ? 'x'.repeat(Number(name.slice(1))) : all);
    });
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [fill(key, variables), fill(part, variables)]));
}

/** Watches end by the clock, after a second: on a machine that is busy just then they get a second try. */
const isTimed = ({ steps }: Scenario): boolean =>
  steps.some(({ do: request, wait }) => wait !== undefined || request.path.includes('timeoutSeconds='));

const namesPort = ({ steps }: Scenario): boolean => /"(?:nodePort|healthCheckNodePort)":\d/.test(JSON.stringify(steps));

/** Recording → name of the scenario → how its answers differ. */
export type Failures = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** Plays everything that is in the recordings, `parallel` scenarios at a time. */
export async function playRecordings(
  caller: Caller,
  recordings: readonly string[],
  parallel: number,
): Promise<Failures> {
  const failures = new Map(recordings.map((recording) => [recording, new Map<string, string[]>()]));
  const queue = recordings.flatMap((recording) => scenariosOf(recording).map((scenario) => ({ recording, scenario })));
  // First those that name a port of the node: later ones are given ports by chance, and may be given that one.
  const rest = queue.toSorted((a, b) => Number(namesPort(b.scenario)) - Number(namesPort(a.scenario))).values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const { recording, scenario } of rest) {
        let differences = await playScenario(caller, scenario);
        if (differences.length > 0 && isTimed(scenario)) differences = await playScenario(caller, scenario);
        if (differences.length > 0) failures.get(recording)?.set(scenario.name, differences);
      }
    }),
  );
  return failures;
}
