// Lists the pods of a namespace and labels those that run.   node list-and-patch.js [NAMESPACE]
import { hasReason, pods } from 'tsukube/client';
import { connect } from 'tsukube/client/node';

const { client, close, namespace: own } = await connect(); // the kubeconfig, as kubectl finds it
const namespace = process.argv[2] ?? own;

const { items } = await client.list(pods, { namespace, labelSelector: 'seen!=yes' });
for (const { metadata, status } of items) {
  if (status?.phase !== 'Running') continue;
  const patch = { metadata: { labels: { seen: 'yes' } } };
  try {
    await client.patch(pods, namespace, metadata.name ?? '', { type: 'merge', body: patch });
    console.log(`${metadata.name} is labelled`);
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error; // somebody deleted it meanwhile
  }
}
await close();
