// What a whole pod was given, and what its control group is set to (kubelet_pods.go,
// convertToAPIPodLevelResourcesStatus). Pure.
import { textsOf } from '../../api/quota/amounts.ts';
import { podLimits, podRequests } from '../../api/quota/pod-resources.ts';
import type { Pod, PodStatus } from '../../api/types/core/v1.ts';
import { formatQuantity, milliValue, quantityOf, quantityOfMilli } from '../../apimachinery/quantity.ts';
import { CPU_PERIOD } from '../cgroups/settings.ts';
import { specOf } from '../pod-record.ts';
import { MIN_SHARES, podCgroupSettings } from '../resources.ts';

export function podResources(pod: Pod): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  const wanted: Pod = { ...pod, status: {} };
  const requests = textsOf(podRequests(wanted));
  return {
    ...(Object.keys(requests).length > 0 ? { allocatedResources: requests } : {}),
    resources: pod.status?.phase === 'Running' ? ofControlGroup(wanted, requests) : effective(wanted, requests),
  };
}

const withoutEmpty = (resources: { requests: Record<string, string>; limits: Record<string, string> }) =>
  Object.fromEntries(Object.entries(resources).filter(([, list]) => Object.keys(list).length > 0));

const effective = (pod: Pod, requests: Record<string, string>) =>
  withoutEmpty({ limits: textsOf(podLimits(pod)), requests });

/** A running pod's are read back from the kernel (cm/helpers_linux.go MemoryLimitsFromConfig, CPULimitsFromConfig). */
function ofControlGroup(pod: Pod, requests: Record<string, string>) {
  const { cpuQuota, memoryLimitBytes } = podCgroupSettings(pod, { pidsLimit: -1 });
  const own = specOf(pod).resources ?? {};
  const milliCpu = milliValue(podRequests(pod).get('cpu') ?? quantityOf(0));
  const cpuLimit = cpuQuota === undefined ? undefined : quantityOfMilli((cpuQuota * 1000) / CPU_PERIOD);
  return withoutEmpty({
    limits: {
      ...own.limits,
      ...(cpuLimit === undefined ? {} : { cpu: formatQuantity(cpuLimit) }),
      ...(memoryLimitBytes === undefined ? {} : { memory: formatQuantity(quantityOf(memoryLimitBytes, 'BinarySI')) }),
    },
    requests: {
      ...own.requests,
      ...(milliCpu > MIN_SHARES ? { cpu: formatQuantity(quantityOfMilli(milliCpu)) } : {}),
      ...(requests.memory === undefined ? {} : { memory: own.requests?.memory ?? requests.memory }),
    },
  });
}
