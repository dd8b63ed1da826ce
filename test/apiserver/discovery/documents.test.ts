import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceDefinition } from '../../../src/api/definition.ts';
import { compareVersions } from '../../../src/apimachinery/kube-version.ts';
import { discoveryDocuments } from '../../../src/apiserver/discovery/documents.ts';
import { servedGroups } from '../../../src/apiserver/discovery/groups.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

function definition(gv: string, plural: string, kind: string, more: Partial<ResourceDefinition> = {}) {
  const [version = '', group = ''] = gv.split('/').reverse();
  return {
    group,
    version,
    plural,
    kind,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: VERBS,
    subresources: {},
    storage: { group, resource: plural, version },
    ...more,
  } as unknown as ResourceDefinition;
}

const scale = { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] };
const status = { name: 'status', group: 'apps', version: 'v1', kind: 'Deployment', verbs: ['get', 'patch', 'update'] };
const DEFINITIONS = [
  definition('example.com/v1beta1', 'things', 'Thing', { namespaced: false }),
  definition('example.com/v1', 'things', 'Thing'),
  definition('apps/v1', 'deployments', 'Deployment', {
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: { status, scale },
  }),
  definition('autoscaling/v1', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  definition('autoscaling/v2', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  definition('v1', 'configmaps', 'ConfigMap', { shortNames: ['cm'] }),
  definition('v1', 'bindings', 'Binding', { verbs: ['create'] }),
];
const documents = discoveryDocuments(DEFINITIONS, { serverAddress: '10.0.0.1:6443' });

test('the legacy documents list versions, groups and resources as upstream does', () => {
  assert.deepEqual(documents.legacyVersions.object, {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
  });
  assert.deepEqual(documents.group('autoscaling')?.object, {
    kind: 'APIGroup',
    apiVersion: 'v1',
    name: 'autoscaling',
    versions: [
      { groupVersion: 'autoscaling/v2', version: 'v2' },
      { groupVersion: 'autoscaling/v1', version: 'v1' },
    ],
    preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
  });
  const names = (documents.groupList.object as { groups: { name: string }[] }).groups.map(({ name }) => name);
  assert.deepEqual(names, ['apps', 'autoscaling', 'example.com']);
  assert.equal(documents.group('none'), undefined);
  assert.equal(documents.resources('apps', 'v9'), undefined);
});

// The hashes are upstream's, from its recorded answers.
test('resources carry their subresources and upstream storage version hashes', () => {
  assert.deepEqual(documents.resources('apps', 'v1')?.object, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'apps/v1',
    resources: [
      {
        name: 'deployments',
        singularName: 'deployment',
        namespaced: true,
        kind: 'Deployment',
        verbs: VERBS,
        shortNames: ['deploy'],
        categories: ['all'],
        storageVersionHash: '8aSe+NMegvE=',
      },
      {
        name: 'deployments/scale',
        singularName: '',
        namespaced: true,
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        verbs: scale.verbs,
      },
      { name: 'deployments/status', singularName: '', namespaced: true, kind: 'Deployment', verbs: status.verbs },
    ],
  });
  assert.deepEqual(documents.resources('', 'v1')?.object, {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      { name: 'bindings', singularName: 'binding', namespaced: true, kind: 'Binding', verbs: ['create'] },
      {
        name: 'configmaps',
        singularName: 'configmap',
        namespaced: true,
        kind: 'ConfigMap',
        verbs: VERBS,
        shortNames: ['cm'],
        storageVersionHash: 'qFsyl6wFWjQ=',
      },
    ],
  });
});

test('the aggregated documents hold the same in one', () => {
  type Items = { items: { metadata: { name?: string }; versions: { version: string; resources: object[] }[] }[] };
  const { items } = documents.aggregatedGroups.object as Items;
  assert.deepEqual(
    items.map(({ metadata, versions }) => [metadata.name, ...versions.map(({ version }) => version)]),
    [
      ['apps', 'v1'],
      ['autoscaling', 'v2', 'v1'],
      ['example.com', 'v1', 'v1beta1'],
    ],
  );
  assert.deepEqual(items[0]?.versions[0]?.resources, [
    {
      resource: 'deployments',
      responseKind: { group: '', version: '', kind: 'Deployment' },
      scope: 'Namespaced',
      singularResource: 'deployment',
      verbs: VERBS,
      shortNames: ['deploy'],
      categories: ['all'],
      subresources: [
        {
          subresource: 'scale',
          responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
          verbs: scale.verbs,
        },
        { subresource: 'status', responseKind: { group: '', version: '', kind: 'Deployment' }, verbs: status.verbs },
      ],
    },
  ]);
  const core = documents.aggregatedCore.object as Items;
  assert.equal(core.items[0]?.metadata.name, undefined);
});

test('the ETag changes with the content only', () => {
  const again = discoveryDocuments(DEFINITIONS.toReversed(), { serverAddress: '10.0.0.1:6443' });
  assert.equal(again.aggregatedGroups.etag, documents.aggregatedGroups.etag);
  const fewer = discoveryDocuments(DEFINITIONS.slice(1), { serverAddress: '10.0.0.1:6443' });
  assert.notEqual(fewer.aggregatedGroups.etag, documents.aggregatedGroups.etag);
  assert.match(documents.aggregatedGroups.etag, /^"[0-9A-F]{128}"$/);
});

test('versions are preferred as Kubernetes orders them', () => {
  const given = ['v1alpha1', 'foo1', 'v10', 'v2beta3', 'v1', 'v2', 'v11alpha2', 'v2beta10', 'foo10'];
  assert.deepEqual(given.toSorted(compareVersions), [
    'v10',
    'v2',
    'v1',
    'v2beta10',
    'v2beta3',
    'v11alpha2',
    'v1alpha1',
    'foo1',
    'foo10',
  ]);
  assert.deepEqual(servedGroups([]), []);
});
