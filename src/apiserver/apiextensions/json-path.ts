// The JSONPath of printer columns, scale and selectable fields: members, indices, quoted members and
// [?(@.x=="y")] filters, which is what CustomResourceDefinitions use of k8s.io/client-go/util/jsonpath.

type Step = { member: string } | { index: number } | { every: true } | { where: readonly string[]; equals: unknown };

/** The first value the path leads to; undefined when there is none or the path is not understood. */
export function compileJsonPath(path: string): (value: unknown) => unknown {
  const steps = parse(path.replace(/^\{(.*)\}$/s, '$1'));
  if (!steps) return () => undefined;
  return (value) => steps.reduce<unknown[]>((found, step) => found.flatMap((one) => follow(one, step)), [value])[0];
}

const STEP =
  /\.(?<member>(?:\\.|[^.[\]\\])+)|\['(?<quoted>(?:\\.|[^'\\])*)'\]|\[(?<index>-?\d+)\]|\[(?<every>\*)\]|\[\?\(\s*@(?<where>(?:\.\w+)+)\s*==\s*(?<equals>"[^"]*"|'[^']*'|[\w.-]+)\s*\)\]/y;

function parse(path: string): Step[] | undefined {
  const steps: Step[] = [];
  const pattern = new RegExp(STEP);
  while (pattern.lastIndex < path.length) {
    const groups = pattern.exec(path)?.groups;
    if (!groups) return undefined;
    const member = groups.member ?? groups.quoted;
    if (member !== undefined) steps.push({ member: member.replace(/\\(.)/g, '$1') });
    else if (groups.index !== undefined) steps.push({ index: Number(groups.index) });
    else if (groups.every !== undefined) steps.push({ every: true });
    else steps.push({ where: (groups.where as string).slice(1).split('.'), equals: literal(groups.equals as string) });
  }
  return steps;
}

const literal = (text: string): unknown =>
  /^['"]/.test(text) ? text.slice(1, -1) : text === 'true' ? true : text === 'false' ? false : Number(text);

function follow(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('member' in step) {
    return Object.hasOwn(value, step.member) ? [(value as Record<string, unknown>)[step.member]] : [];
  }
  const items = Array.isArray(value) ? value : Object.values(value);
  if ('every' in step) return items;
  if ('index' in step) return items.slice(step.index).slice(0, 1);
  return items.filter((item) => {
    const found = step.where.reduce<unknown>((one, key) => (one as Record<string, unknown> | undefined)?.[key], item);
    return found === step.equals;
  });
}
