// Follows the pods of all namespaces until Ctrl-C, through broken connections and restarts of the server.
//   node follow-pods.js
import { createInformers, pods } from 'tsukube/client';
import { connect } from 'tsukube/client/node';

const { client, close } = await connect();
const informers = createInformers({ client });
const informer = informers.for(pods);

informer.addHandler({
  added: ({ metadata }) => console.log(`+ ${metadata.namespace}/${metadata.name}`),
  updated: ({ metadata, status }) => console.log(`~ ${metadata.namespace}/${metadata.name} ${status?.phase}`),
  deleted: ({ metadata }) => console.log(`- ${metadata.namespace}/${metadata.name}`),
});
await informer.synced; // from here on the cache is complete: reading it asks no server
console.log(`${informer.lister.list().length} pods`);

process.once('SIGINT', async () => {
  await informers.stop();
  await close();
});
