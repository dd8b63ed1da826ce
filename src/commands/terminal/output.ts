// What a command of history answers, in the form that was asked for.
import type { Paint } from '../../history/text.ts';
import { page, paintFor } from './page.ts';

export interface Answer {
  lines(paint: Paint): string[];
  data(): unknown;
}

export async function answer({ lines, data }: Answer, output: string | undefined): Promise<void> {
  if (output === 'json') process.stdout.write(`${JSON.stringify(data(), null, 2)}\n`);
  else if (output === 'yaml') {
    const { toYaml } = await import('../../history/yaml-lines.ts');
    process.stdout.write(toYaml(data()));
  } else await page(lines(paintFor(process.stdout, process.env)), process.stdout, process.env);
}
