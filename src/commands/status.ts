// `tsukube status`: each component, its health and its cost.
import * as Flags from '@oclif/core/flags';
import type { ProcessStatus } from '../daemon/status.ts';
import { PlainCommand } from './plain-command.ts';
import { configFlag, configOf, placeSettings } from './settings.ts';

export class Status extends PlainCommand {
  static override description = 'Show what runs, how it is and what it costs';
  static override flags = { ...placeSettings, ...configFlag, json: Flags.boolean({ description: 'print JSON' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const { askControl, readRunState } = await import('../daemon/run-state.ts');
    const runDir = configOf(flags)['run-dir'];
    if (!readRunState(runDir)) this.error('no server runs: start it with "tsukube server"', { exit: 1 });
    const status = await askControl<ProcessStatus>(runDir, 'status');
    if (flags.json) this.log(JSON.stringify(status));
    else for (const line of render(status)) this.log(line);
    if (status.components.some(({ state }) => state === 'failed')) process.exitCode = 1;
  }
}

export function render(status: ProcessStatus): string[] {
  const megabytes = (status.residentBytes / 2 ** 20).toFixed(0);
  const width = Math.max(...status.components.map(({ name }) => name.length), 'COMPONENT'.length) + 2;
  return [
    `process ${status.pid}, up ${status.uptimeSeconds} s, ${status.cpuPercent} % of a core since start, ${megabytes} MB`,
    `${'COMPONENT'.padEnd(width)}${'STATE'.padEnd(10)}${'STARTED IN'.padEnd(12)}API REQUESTS`,
    ...status.components.map(
      ({ name, state, startMs, requests, message }) =>
        name.padEnd(width) +
        state.padEnd(10) +
        (startMs === undefined ? '' : `${startMs} ms`).padEnd(12) +
        (message ?? String(requests)),
    ),
  ];
}
