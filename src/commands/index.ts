// The list of commands; a command is a file and a line here.
import { Version } from './version.ts';

export const commands = {
  version: Version,
};
