// People's manifests as requests: each object of a folder is created, read, listed as a table, patched in every way, applied
// and put back, in a namespace or under a name of its own. Custom resources are asked about with their definition, where
// that is in the same file.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ResourceDefinition } from '../../src/api/definition.ts';
import { builtinDefinitions } from '../../src/api/index.ts';
import type { Question } from '../../test/vectors/play.ts';
import type { Request } from '../../test/vectors/scenario.ts';
import { definitionInquiries, isDefinition } from './definitions.ts';
import { type Fields, isFields } from './places.ts';
import type { Chance } from './random.ts';
import type { Inquiry } from './scenarios.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const NAMESPACE = '$' + '{ns}';
const OWN = '$' + '{id}';
/** What holds for others too as long as it is there, or is looked at by who runs nowhere. */
const FOR_ALL =
  /WebhookConfiguration|AdmissionPolicy|"globalDefault":true|is-default-class|APIService|FlowSchema|PriorityLevel/;

export function manifests(folder: string, only: RegExp, options: { chance: Chance; variants: number }): Inquiry[] {
  const definitions = new Map(builtinDefinitions().map((definition) => [typeOf(definition), definition]));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ya?ml|json)$/.test(file) && only.test(file))
    .sort();
  return files.flatMap((file) => {
    const objects = objectsIn(path.join(folder, file));
    const builtIn = objects.flatMap((object, i) => {
      const definition = isDefinition(object) ? undefined : definitions.get(`${object.apiVersion}/${object.kind}`);
      const steps = definition ? stepsFor(object, definition) : [];
      return steps.length > 0 ? [{ name: `${file} (${i + 1})`, steps }] : [];
    });
    return [...builtIn, ...definitionInquiries(file, objects, options)];
  });
}

const typeOf = ({ group, version, kind }: ResourceDefinition): string =>
  `${group ? `${group}/` : ''}${version}/${kind}`;

function objectsIn(file: string): Fields[] {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'));
  const values = Array.isArray(documents) ? documents.filter(({ errors }) => errors.length === 0) : [];
  const objects = values.map((document) => document.toJS() as unknown).filter(isFields);
  return objects.flatMap((object) => (object.kind === 'List' ? ((object.items ?? []) as Fields[]) : [object]));
}

type Asked = Pick<ResourceDefinition, 'group' | 'version' | 'plural' | 'namespaced' | 'verbs'>;

export function stepsFor(object: Fields, { group, version, plural, namespaced, verbs }: Asked): Question[] {
  const { namespace: _namespace, ...given } = isFields(object.metadata) ? object.metadata : {};
  const name = namespaced ? String(given.name ?? '') : OWN;
  if (!verbs.includes('create') || given.generateName || name === '' || FOR_ALL.test(JSON.stringify(object))) return [];
  const root = `${group ? `/apis/${group}` : '/api'}/${version}`;
  const all = namespaced ? `${root}/namespaces/${NAMESPACE}/${plural}` : `${root}/${plural}`;
  const body = { ...object, metadata: { ...given, name } };
  const create: Request = { method: 'POST', path: all, body };
  if (!verbs.includes('patch')) return [{ do: create }];
  const one = `${all}/${name}`;
  const change = { metadata: { labels: { changed: 'yes' }, annotations: null } };
  const patch = (type: string, patched: unknown, query = ''): Question => ({
    do: { method: 'PATCH', path: `${one}${query}`, type: `application/${type}`, body: patched },
  });
  const operations = [{ op: 'add', path: '/metadata/finalizers', value: ['example.com/held'] }];
  return [
    { do: { ...create, path: `${all}?dryRun=All&fieldValidation=Strict` } },
    { do: create },
    { do: { method: 'GET', path: one, accept: TABLE } },
    patch('merge-patch+json', change),
    patch('strategic-merge-patch+json', body),
    patch('json-patch+json', operations, '?dryRun=All'),
    patch('apply-patch+yaml', body, '?fieldManager=people'),
    patch('apply-patch+yaml', body, '?fieldManager=people&force=true'),
    { do: { method: 'PUT', path: one, body } },
    { do: { method: 'DELETE', path: one } },
  ];
}
