// Who asks, and what they ask for: the values that authentication, authorization and admission pass along.
import type { ResourceDefinition } from '../api/definition.ts';
import type { AnyObject, JsonObject } from '../apimachinery/meta.ts';

export interface UserInfo {
  username: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

export const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The credentials a request came with. */
export interface Credentials {
  /** Value of the Authorization header, or of a bearer WebSocket subprotocol. */
  authorization?: string;
  /** Verified TLS client certificate, when one was presented. */
  clientCertificate?: { commonName: string; organizations: readonly string[]; raw: Uint8Array };
  headers: Readonly<Record<string, string | string[] | undefined>>;
  remoteAddress: string;
}

/** One way to authenticate. undefined: not mine, ask the next. Throws StatusError 401 when it is mine and wrong. */
export interface Authenticator {
  readonly name: string;
  authenticate(credentials: Credentials): UserInfo | undefined | Promise<UserInfo | undefined>;
}

/** What is asked for, as authorizer.Attributes upstream. */
export interface Attributes {
  user: UserInfo;
  /** get list watch create update patch delete deletecollection; for paths the lower-case HTTP method. */
  verb: string;
  isResource: boolean;
  apiGroup: string;
  apiVersion: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  path: string;
  /** The request's fieldSelector parameter as it came, for list, watch and deletecollection. */
  fieldSelector?: string;
}

export interface Decision {
  result: 'allow' | 'deny' | 'noOpinion';
  reason?: string;
}

export interface Authorizer {
  readonly name: string;
  authorize(attributes: Attributes): Decision | Promise<Decision>;
}

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What an admission plugin sees. `object` may be changed in admit(), not in validate(). */
export interface AdmissionRequest {
  operation: Operation;
  definition: ResourceDefinition;
  subresource: string;
  namespace: string;
  name: string;
  object: AnyObject | undefined;
  oldObject: AnyObject | undefined;
  user: UserInfo;
  dryRun: boolean;
  /** What was asked for besides, as metav1.CreateOptions and its like; nothing for connections. */
  options(): JsonObject | undefined;
  /** Shared by the plugins that change the object of one request. */
  reinvocation: Reinvocation;
  /** Adds a Warning header to the answer. */
  warn(text: string): void;
}

/** Plugins that make changes after others run a second time when they did (k8s.io/apiserver pkg/admission/reinvocation.go). */
export interface Reinvocation {
  /** This is the second time. */
  again: boolean;
  /** A second time is needed. */
  wanted: boolean;
  /** What a plugin keeps from the first time to the second, by its name. */
  readonly memory: Map<string, unknown>;
}

/** One plugin of the admission chain; throws StatusError to refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  /** Defaulting and mutation. */
  admit?(request: AdmissionRequest): void | Promise<void>;
  validate?(request: AdmissionRequest): void | Promise<void>;
  /** Ends what it follows. */
  close?(): void;
}
