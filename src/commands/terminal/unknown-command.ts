// oclif's hook for what is no command.
import { PRODUCT } from '../../constants.ts';

export async function unknownCommand({ id }: { id: string }): Promise<void> {
  process.stderr.write(`${PRODUCT}: there is no command "${id.replaceAll(':', ' ')}": see "${PRODUCT} --help"\n`);
  process.exit(2);
}
