// Which namespaces and objects webhooks and policies look at (k8s.io/apiserver
// pkg/admission/plugin/webhook/predicates/{namespace,object}/matcher.go).
import { namespaces } from '../../../api/resources.ts';
import { labelSelectorOf, type ParsedLabelSelector } from '../../../apimachinery/labels.ts';
import type { LabelSelector } from '../../../apimachinery/meta.ts';
import { notFound } from '../../../apimachinery/status-error.ts';
import type { AdmissionRequest } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import { namespaceOf } from './attributes.ts';

export interface Selectors {
  /** False: the request is not meant. A StatusError, where it would be meant if its namespace were there. */
  select(request: AdmissionRequest): boolean | Error;
}

interface Given {
  namespaceSelector?: LabelSelector | undefined;
  objectSelector?: LabelSelector | undefined;
}

export function compileSelectors({ namespaceSelector, objectSelector }: Given, reader: ObjectReader): Selectors {
  const byNamespace = selective(namespaceSelector);
  const byObject = selective(objectSelector);
  return {
    select(request) {
      const { object, oldObject } = request;
      if (byObject && ![object, oldObject].some((one) => one?.metadata && byObject.matches(one.metadata.labels))) {
        return false;
      }
      return byNamespace ? selectNamespace(byNamespace, request, reader) : true;
    },
  };
}

/** Undefined for one that selects everything. */
function selective(selector: LabelSelector | undefined): ParsedLabelSelector | undefined {
  const parsed = labelSelectorOf(selector ?? {});
  return parsed && parsed.requirements.length > 0 ? parsed : undefined;
}

function selectNamespace(
  selector: ParsedLabelSelector,
  request: AdmissionRequest,
  reader: ObjectReader,
): boolean | Error {
  const name = namespaceOf(request);
  const { definition, subresource, operation, object } = request;
  const isNamespace = definition.plural === 'namespaces';
  if (!name && !isNamespace) return true;
  // What the namespace will be counts, not what it is.
  if (isNamespace && !subresource && (operation === 'CREATE' || operation === 'UPDATE')) {
    return selector.matches(object?.metadata.labels);
  }
  const found = reader.get(namespaces, undefined, name);
  return found ? selector.matches(found.metadata.labels) : notFound({ group: '', resource: 'namespaces' }, name);
}
