// The base of commands that ask a cluster: KIND NAME or KIND/NAME, and errors of which each is a sentence.
import * as Args from '@oclif/core/args';
import { PlainCommand } from '../plain-command.ts';

export const objectArgs = {
  kind: Args.string({
    description: 'kind of the object, as kubectl takes it: deployment, deploy, deployments.apps, deploy/NAME',
    required: true,
  }),
  name: Args.string({ description: 'name of the object' }),
};

export abstract class ClusterCommand extends PlainCommand {
  /** As the server's history names this program. */
  protected get userAgent(): string {
    return `tsukube-${this.id ?? 'cli'}/${this.config.version}`;
  }
}

export const wordsOf = ({ kind, name }: { kind?: string | undefined; name?: string | undefined }): string[] =>
  [kind, name].filter((word) => word !== undefined);
