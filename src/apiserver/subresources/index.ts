// The list of handlers that are not the plain verbs of a stored resource, by `group/resource[/subresource]`.
import { validateFinalizing } from '../../api/core/namespaces.ts';
import { validateEphemeralContainersUpdate, validateResize } from '../../api/core/pod-subresources.ts';
import type { ResourceDefinition, ResourceType } from '../../api/definition.ts';
import { pods } from '../../api/resources.ts';
import type { Clock } from '../../clock.ts';
import { reviewToken } from '../authentication/bearer.ts';
import type { ServiceAccountTokens } from '../authentication/tokens.ts';
import type { RbacAuthorizer } from '../authorization/rbac.ts';
import type { CallHandler, HandlerTable } from '../call.ts';
import type { DefinitionCatalogue } from '../catalogue.ts';
import { objectHistoryHandler } from '../history/object-history.ts';
import type { Authorizer } from '../identity.ts';
import { podProxyHandler, serviceProxyHandler } from '../proxy/endpoints.ts';
import { type KubeletProxyOptions, kubeletHandler, nodeProxyHandler, summaryOf } from '../proxy/kubelet.ts';
import type { ObjectReader } from '../reader.ts';
import { componentStatusHandler } from '../virtual/component-statuses.ts';
import { metricsHandlers } from '../virtual/metrics/handlers.ts';
import { reviewHandlers } from '../virtual/reviews.ts';

import { approvalHandler } from './approval.ts';
import { bindingHandler } from './binding.ts';
import { evictionHandler } from './eviction.ts';
import { ephemeralContainers, finalize, partialUpdateHandler, resize } from './partial-update.ts';
import { scaleHandler } from './scale.ts';
import { statusHandler } from './status.ts';
import { tokenHandler } from './token.ts';

export interface HandlerOptions {
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  clock: Clock;
  authorizer: Authorizer;
  rulesFor: RbacAuthorizer['rulesFor'];
  tokens: ServiceAccountTokens;
  staticToken: string | undefined;
  kubeletTls: KubeletProxyOptions['tls'];
  connectKubelet: KubeletProxyOptions['connectWithin'];
}

const POD_DISRUPTION_BUDGETS = { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets' };

export function createHandlers(options: HandlerOptions): HandlerTable {
  const { reader, catalogue, clock, authorizer, tokens, rulesFor, staticToken } = options;
  const definitionOf = ({ group, version, plural }: Pick<ResourceType, 'group' | 'version' | 'plural'>) => {
    const found = catalogue.find(group, version, plural);
    if (!found) throw new Error(`${plural}.${version}.${group} is not among the definitions served`);
    return found satisfies ResourceDefinition;
  };
  const binding = bindingHandler(() => definitionOf(pods));
  const kubelet = { reader, tls: options.kubeletTls, connectWithin: options.connectKubelet };
  return new Map<string, CallHandler>([
    ['*/status', statusHandler],
    ['*/scale', scaleHandler],
    ['*/history', objectHistoryHandler({ authorizer })],
    ...metricsHandlers({ reader, clock, summaryOf: (node) => summaryOf(node, kubelet) }),
    ['/bindings', binding],
    ['/componentstatuses', componentStatusHandler],
    ['/namespaces/finalize', partialUpdateHandler(finalize, { validate: validateFinalizing })],
    ['/nodes/proxy', nodeProxyHandler(kubelet)],
    ['/pods/attach', kubeletHandler('attach', kubelet)],
    ['/pods/binding', binding],
    [
      '/pods/ephemeralcontainers',
      partialUpdateHandler(ephemeralContainers, { validate: validateEphemeralContainersUpdate }),
    ],
    ['/pods/eviction', evictionHandler({ reader, budgets: () => definitionOf(POD_DISRUPTION_BUDGETS) })],
    ['/pods/exec', kubeletHandler('exec', kubelet)],
    ['/pods/log', kubeletHandler('log', kubelet)],
    ['/pods/portforward', kubeletHandler('portforward', kubelet)],
    ['/pods/proxy', podProxyHandler(reader)],
    ['/pods/resize', partialUpdateHandler(resize, { validate: validateResize })],
    ['/serviceaccounts/token', tokenHandler({ reader, tokens, clock })],
    ['/services/proxy', serviceProxyHandler(reader)],
    ['certificates.k8s.io/certificatesigningrequests/approval', approvalHandler],
    ...reviewHandlers({
      authorizer,
      rulesFor,
      reviewToken: (token, audiences) =>
        reviewToken(token, { tokens, reader, clock, ...(staticToken ? { staticToken } : {}) }, audiences),
    }),
  ]);
}
