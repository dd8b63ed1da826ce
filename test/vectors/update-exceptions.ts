// Plays all recordings and writes down what differs: `node test/vectors/update-exceptions.ts [recording...]`.
// Exceptions keep their reason; new ones get one by reasons.ts.
import { readExceptions, writeExceptions } from './exceptions.ts';
import { PARALLEL } from './parallel.ts';
import { playRecordings } from './play.ts';
import { startProgram } from './program.ts';
import { reasonFor } from './reasons.ts';
import { recordings, scenariosOf } from './scenario.ts';

const chosen = process.argv.slice(2);
const program = await startProgram({ connections: PARALLEL });
try {
  const failures = await playRecordings(program.caller, chosen.length > 0 ? chosen : recordings(), PARALLEL);
  for (const [recording, failed] of failures) {
    const known = readExceptions(recording);
    const scenarios = new Map(scenariosOf(recording).map((scenario) => [scenario.name, scenario]));
    const exceptions = [...failed].map(([name, differences]) => {
      const scenario = scenarios.get(name);
      return [name, known.get(name) ?? (scenario ? reasonFor(scenario, differences) : '')] as const;
    });
    writeExceptions(recording, new Map(exceptions));
    process.stdout.write(`${recording}: ${scenarios.size - failed.size} as recorded, ${failed.size} exceptions\n`);
  }
} finally {
  await program.stop();
}
