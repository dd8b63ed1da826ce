// What `tsukube/client/node` publishes (docs/client.md), over `tsukube/client`: what needs files or TLS of one's own.
export { type Connection, type ConnectOptions, connect, connectInCluster } from './connect.ts';
export { type HttpsTransport, type HttpsTransportOptions, httpsTransport } from './https-transport.ts';
export { type ClientConfig, ClientConfigError, type ClientConfigOptions, loadClientConfig } from './kubeconfig.ts';
