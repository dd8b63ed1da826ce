// A page that shows the pods of namespace default and keeps the list true, each change coming over a WebSocket.
// watch-in-a-page.html loads it; serve both beside the API: kubectl proxy --www=. --www-prefix=/page/
import { createClient, createInformers, pods, webSocketTransport } from 'tsukube/client';

const token = new URLSearchParams(location.hash.slice(1)).get('token'); // kubectl proxy needs none
const transport = webSocketTransport({ server: location.origin, ...(token ? { token: () => token } : {}) });
const informers = createInformers({ client: createClient(transport), only: { namespace: 'default' } });
const informer = informers.for(pods);

const list = /** @type {HTMLElement} */ (document.getElementById('pods'));
function show() {
  const names = informer.lister.list().map(({ metadata, status }) => `${metadata.name}: ${status?.phase}`);
  list.textContent = names.toSorted().join('\n');
}
informer.addHandler({ added: show, updated: show, deleted: show });
