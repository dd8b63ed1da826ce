// What priority and fairness tells Prometheus, under upstream's names (apiserver/pkg/util/flowcontrol/metrics).
import { Counter, Gauge, type Metrics } from '../../metrics.ts';
import type { FlowControl, Level } from './flow-control.ts';

export function registerFlowControlMetrics(registry: Metrics, flowControl: FlowControl): void {
  const gauge = (name: string, help: string, read: (level: Level) => number) =>
    new Gauge({
      name: `apiserver_flowcontrol_${name}`,
      help,
      labelNames: ['priority_level'],
      registers: [registry],
      collect() {
        this.reset();
        for (const level of flowControl.levels()) this.set({ priority_level: level.name }, read(level));
      },
    });
  gauge('nominal_limit_seats', 'Seats that a priority level is entitled to.', (level) => level.nominal);
  gauge('current_executing_seats', 'Seats in use.', (level) => level.inUse);
  gauge('current_inqueue_requests', 'Requests that wait for seats.', (level) => level.queues?.size ?? 0);
  new Counter({
    name: 'apiserver_flowcontrol_dispatched_requests_total',
    help: 'Requests that were let in.',
    labelNames: ['priority_level'],
    registers: [registry],
    collect() {
      this.reset();
      for (const level of flowControl.levels()) this.inc({ priority_level: level.name }, level.dispatched);
    },
  });
  new Counter({
    name: 'apiserver_flowcontrol_rejected_requests_total',
    help: 'Requests that were refused.',
    labelNames: ['priority_level', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, rejected } of flowControl.levels()) {
        for (const [reason, count] of Object.entries(rejected)) this.inc({ priority_level: name, reason }, count);
      }
    },
  });
}
