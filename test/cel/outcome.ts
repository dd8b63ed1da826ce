// One expression from its text to its value and costs, in the form outcomes were recorded in.
import { compile } from '../../src/cel/compile.ts';
import { estimateCost } from '../../src/cel/cost.ts';
import { dataToValue } from '../../src/cel/data.ts';
import { type DeclaredType, declareType, objectsOf } from '../../src/cel/declared-type.ts';
import { namedType } from '../../src/cel/library/signatures.ts';
import { createProgram, isProgram } from '../../src/cel/program.ts';
import { type DataSchema, withTypeAndMetadata } from '../../src/cel/schema.ts';
import { formatType } from '../../src/cel/types.ts';
import { isFailure } from '../../src/cel/values.ts';
import { show } from './show.ts';

export interface Case {
  expr: string;
  schema?: DataSchema;
  self?: unknown;
  oldSelf?: unknown;
  /** Of whole objects. */
  root?: boolean;
}

/** Costs are of 64 bits and therefore text. */
export interface Outcome {
  /** What is wrong with the text. */
  compile?: string;
  type?: string;
  min?: string;
  max?: string;
  /** What is wrong with constants. */
  program?: string;
  cost?: string;
  error?: string;
  value?: string;
}

const OPEN: DataSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export function outcomeOf({ expr, schema = OPEN, self, oldSelf, root = false }: Case): Outcome {
  const declared = declareType(schema, 'selfType', root) as DeclaredType;
  const environment = {
    variables: new Map([
      ['self', declared.type],
      ['oldSelf', declared.type],
      ['authorizer', namedType('authorizer')],
    ]),
    objects: objectsOf(declared),
  };
  const { checked, problem } = compile(expr, environment);
  if (!checked) return { compile: problem };
  const { min, max } = estimateCost(checked, new Map([['self', declared]]));
  const estimated = { type: formatType(checked.type), min: String(min), max: String(max) };
  const program = createProgram(checked, environment);
  if (!isProgram(program)) return { ...estimated, program: program.message };
  const given: Record<string, unknown> = { self, oldSelf };
  const { value, cost } = program.evaluate((name) => {
    const data = given[name];
    return data === undefined ? undefined : dataToValue(data, root ? withTypeAndMetadata(schema) : schema);
  });
  const ran = { ...estimated, cost: String(cost) };
  return isFailure(value) ? { ...ran, error: value.message } : { ...ran, value: show(value) };
}
