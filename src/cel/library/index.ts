// Every function of expressions; what kubernetes.io's environments have (k8s.io/apiserver pkg/cel/environment/base.go).
import { netAddresses } from './addresses.ts';
import { authorization } from './authorizer.ts';
import { conversions } from './conversions.ts';
import { formatLibrary } from './formats.ts';
import type { Implementation, Library } from './library.ts';
import { lists } from './lists.ts';
import { operators } from './operators.ts';
import { patches } from './patches.ts';
import { quantities } from './quantities.ts';
import { type FunctionDeclaration, readDeclarations } from './signatures.ts';
import { strings } from './strings.ts';
import { times } from './times.ts';
import { urlLibrary } from './urls.ts';
import { semanticVersions } from './versions.ts';

const LIBRARIES: readonly Library[] = [
  operators,
  conversions,
  strings,
  lists,
  times,
  quantities,
  semanticVersions,
  netAddresses,
  urlLibrary,
  formatLibrary,
  authorization,
];

const functions = readDeclarations(LIBRARIES.flatMap(({ declare }) => declare));
const implementations: ReadonlyMap<string, Implementation> = new Map(
  [...LIBRARIES, patches].flatMap(({ implement }) => Object.entries(implement)),
);

export const findFunction = (name: string): FunctionDeclaration | undefined => functions.get(name);

/** By the id of an overload; the evaluator has those that are missing. */
export const findImplementation = (id: string): Implementation | undefined => implementations.get(id);

/** Only in policies that make JSON patches. */
export const patchFunctions: ReadonlyMap<string, FunctionDeclaration> = readDeclarations(patches.declare);

/** Names of all functions. */
export const functionNames = (): string[] => [...functions.keys()];

export type { FunctionDeclaration, Overload } from './signatures.ts';
