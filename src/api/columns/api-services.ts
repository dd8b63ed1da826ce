// The table of APIServices, which is not among the facts: the aggregator prints it itself
// (kube-aggregator pkg/registry/apiservice/etcd).
import type { APIService } from '../types/apiregistration/v1.ts';
import { row } from './cell.ts';
import type { TableForm } from './table-form.ts';

const column = (name: string, format = '') => ({ name, type: 'string', format, priority: 0 });

export const apiServiceTable: TableForm = {
  columns: [column('Name', 'name'), column('Service'), column('Available'), column('Age')],
  cells: row<APIService>(({ spec, status }, { name, age }) => {
    const service = spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local';
    const available = status?.conditions?.find(({ type }) => type === 'Available');
    const why = available && available.status !== 'True' && available.reason ? ` (${available.reason})` : '';
    return [name, service, `${available?.status ?? 'Unknown'}${why}`, age];
  }),
};
