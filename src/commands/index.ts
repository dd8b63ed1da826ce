// The list of commands; a command is a file and a line here. `autocomplete` comes from its oclif plugin.
import { Check } from './check.ts';
import { ImageList } from './image/list.ts';
import { ImageLoad } from './image/load.ts';
import { Kubeconfig } from './kubeconfig.ts';
import { Server } from './server.ts';
import { SnapshotList } from './snapshot/list.ts';
import { SnapshotPrune } from './snapshot/prune.ts';
import { SnapshotRestore } from './snapshot/restore.ts';
import { SnapshotSave } from './snapshot/save.ts';
import { SnapshotVerify } from './snapshot/verify.ts';
import { Status } from './status.ts';
import { Stop } from './stop.ts';
import { Uninstall } from './uninstall.ts';
import { Version } from './version.ts';

export const commands = {
  check: Check,
  'image:list': ImageList,
  'image:load': ImageLoad,
  kubeconfig: Kubeconfig,
  server: Server,
  'snapshot:list': SnapshotList,
  'snapshot:prune': SnapshotPrune,
  'snapshot:restore': SnapshotRestore,
  'snapshot:save': SnapshotSave,
  'snapshot:verify': SnapshotVerify,
  status: Status,
  stop: Stop,
  uninstall: Uninstall,
  version: Version,
};
