// Differences for people: alike ones in a group, each group with one request that shows it.
import type { Scenario } from '../../test/vectors/scenario.ts';

/** A scenario and how its answers differ, one a line, as `step N/where: …`. */
export interface Difference {
  scenario: Scenario;
  lines: readonly string[];
}

const SHOWN_BODY = 600;

/** Sentences are of the machinery or of a rule: alike but for names of types they are one, whatever was asked about. */
const keyOf = ({ name }: Scenario, line: string): string =>
  /message/.test(line)
    ? line.replace(/\d+/g, 'N').replace(/(\*\w+\.)?\b[A-Z]\w+/g, 'T')
    : `${name.split(':')[0]} ${line.replace(/\d+/g, 'N')}`;

/** Groups by kind and by what differs, those with the most members first. */
export function describe(differences: readonly Difference[]): string[] {
  const groups = new Map<string, { count: number; scenario: Scenario; line: string }>();
  for (const { scenario, lines } of differences) {
    for (const line of lines) {
      const key = keyOf(scenario, line);
      const group = groups.get(key) ?? { count: 0, scenario, line };
      group.count += 1;
      groups.set(key, group);
    }
  }
  return [...groups.values()]
    .sort((a, b) => b.count - a.count)
    .map(({ count, scenario, line }) => {
      const [, number = '1', rest = line] = /^step (\d+)(.*)$/.exec(line) ?? [];
      const { method, path, body } = scenario.steps[Number(number) - 1]?.do ?? {};
      const sent = body === undefined ? '' : ` ${JSON.stringify(body).slice(0, SHOWN_BODY)}`;
      return `${count} × ${scenario.name}${rest}\n    ${method} ${path}${sent}`;
    });
}
