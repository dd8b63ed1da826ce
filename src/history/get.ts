// `tsukube get`: one object or a list, at a moment, in the form that was asked for.
import type { AnyObject } from '../apimachinery/meta.ts';
import { notFound } from '../apimachinery/status-error.ts';
import { formatMoment, type Moment } from './moment.ts';
import type { ListSelection, ObjectName } from './past.ts';
import { ArgumentError, formatName, type Session, splitWords } from './session.ts';
import { tableLines, tableOf } from './table.ts';
import type { Paint } from './text.ts';

export interface GetOptions extends ListSelection {
  at: Moment | undefined;
  allNamespaces: boolean;
  output: 'wide' | 'yaml' | 'json' | 'name' | undefined;
}

export interface Got {
  lines(paint: Paint): string[];
  data(): unknown;
  /** What to tell when there is nothing. */
  empty?: string;
}

/** `words` are KIND, KIND NAME or KIND/NAME. */
export async function getAt(session: Session, words: readonly string[], options: GetOptions): Promise<Got> {
  const { mapper, past, transport } = session;
  const { at, allNamespaces, output, labelSelector, fieldSelector } = options;
  const { kind, name, more } = splitWords(words);
  if (more) throw new ArgumentError(`name one kind and at most one object, not ${JSON.stringify(words.join(' '))}`);
  if (name && (allNamespaces || labelSelector || fieldSelector)) {
    throw new ArgumentError('a name goes with no selector and not with --all-namespaces');
  }
  if (kind.includes(',')) throw new ArgumentError(`name one kind at a time, not ${JSON.stringify(kind)}`);
  const type = await mapper.resolve(kind);
  const namespace = type.namespaced && !allNamespaces ? session.namespace : undefined;
  if (at) await past.check();
  if (output === undefined || output === 'wide') {
    const target = name === undefined ? { type, namespace, name } : { type, namespace, name };
    const table = await tableOf(transport, target as ObjectName, { at, labelSelector, fieldSelector });
    const namespaces = allNamespaces && type.namespaced;
    return {
      lines: (paint) =>
        table.rows.length === 0 ? [] : tableLines(table, { wide: output === 'wide', namespaces, paint }),
      data: () => table,
      ...(table.rows.length === 0 ? { empty: nothing(namespace, at) } : {}),
    };
  }
  if (name === undefined) {
    const items = await past.listAt(type, { namespace, labelSelector, fieldSelector }, at);
    const list = { apiVersion: 'v1', kind: 'List', metadata: {}, items };
    const empty = output === 'name' && items.length === 0 ? { empty: nothing(namespace, at) } : {};
    return { lines: () => items.map((item) => nameLine({ type, namespace, name }, item)), data: () => list, ...empty };
  }
  const object = await past.objectAt({ type, namespace, name }, at);
  if (!object) throw notFound({ group: type.group, resource: type.plural }, name);
  return { lines: () => [formatName({ type, namespace, name })], data: () => object };
}

const nameLine = (
  { type, namespace }: Omit<ObjectName, 'name'> & { name: undefined },
  { metadata }: AnyObject,
): string => formatName({ type, namespace, name: metadata.name ?? '' });

const nothing = (namespace: string | undefined, at: Moment | undefined): string =>
  `No resources found${namespace ? ` in ${namespace} namespace` : ''}${at ? ` at ${formatMoment(at)}` : ''}`;
