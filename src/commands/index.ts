// The list of commands; a command is a file and a line here. `autocomplete` comes from its oclif plugin.
import { Blame } from './blame.ts';
import { Check } from './check.ts';
import { Diff } from './diff.ts';
import { Get } from './get.ts';
import { History } from './history.ts';
import { ImageBuild } from './image/build.ts';
import { ImageList } from './image/list.ts';
import { ImageLoad } from './image/load.ts';
import { ImagePrune } from './image/prune.ts';
import { ImagePull } from './image/pull.ts';
import { ImageRemove } from './image/remove.ts';
import { Kubeconfig } from './kubeconfig.ts';
import { Server } from './server.ts';
import { SnapshotList } from './snapshot/list.ts';
import { SnapshotPrune } from './snapshot/prune.ts';
import { SnapshotRestore } from './snapshot/restore.ts';
import { SnapshotSave } from './snapshot/save.ts';
import { SnapshotVerify } from './snapshot/verify.ts';
import { Status } from './status.ts';
import { Stop } from './stop.ts';
import { StoreCheck } from './store/check.ts';
import { StoreSalvage } from './store/salvage.ts';
import { StoreStats } from './store/stats.ts';
import { Timeline } from './timeline.ts';
import { Undo } from './undo.ts';
import { Uninstall } from './uninstall.ts';
import { Version } from './version.ts';

export const commands = {
  blame: Blame,
  check: Check,
  diff: Diff,
  get: Get,
  history: History,
  'image:build': ImageBuild,
  'image:list': ImageList,
  'image:load': ImageLoad,
  'image:prune': ImagePrune,
  'image:pull': ImagePull,
  'image:remove': ImageRemove,
  kubeconfig: Kubeconfig,
  server: Server,
  'snapshot:list': SnapshotList,
  'snapshot:prune': SnapshotPrune,
  'snapshot:restore': SnapshotRestore,
  'snapshot:save': SnapshotSave,
  'snapshot:verify': SnapshotVerify,
  status: Status,
  stop: Stop,
  'store:check': StoreCheck,
  'store:salvage': StoreSalvage,
  'store:stats': StoreStats,
  timeline: Timeline,
  undo: Undo,
  uninstall: Uninstall,
  version: Version,
};
