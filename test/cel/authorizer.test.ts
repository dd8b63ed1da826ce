// What expressions ask of the authorizer, and what they make of its answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyEnvironment } from '../../src/api/admissionregistration/expressions.ts';
import { compileExpression } from '../../src/cel/expression.ts';
import { type Answer, authorizerValue, type Question } from '../../src/cel/library/authorizer.ts';
import { isFailure } from '../../src/cel/values.ts';

const environment = policyEnvironment({ hasParams: false, hasAuthorizer: true });

function ask(expr: string, answer: Answer = { allowed: true, reason: 'because' }) {
  const questions: Question[] = [];
  const { program, ...fault } = compileExpression(expr, environment);
  assert.ok(program, JSON.stringify(fault));
  const authorizer = authorizerValue((question) => {
    questions.push(question);
    return answer;
  });
  const { value } = program.evaluate((name) => (name === 'authorizer' ? authorizer : undefined));
  return { questions, value: isFailure(value) ? value.message : value };
}

test('a resource', () => {
  const { questions, value } = ask(
    "authorizer.group('apps').resource('deployments').subresource('scale').namespace('a').name('b').check('update').allowed()",
  );
  assert.equal(value, true);
  assert.deepEqual(questions, [
    { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'a', name: 'b', verb: 'update' },
  ]);
});

test('a path', () => {
  const { questions, value } = ask("authorizer.path('/healthz').check('get').reason()");
  assert.equal(value, 'because');
  assert.deepEqual(questions, [{ path: '/healthz', verb: 'get' }]);
});

test('for a service account', () => {
  const { questions } = ask("authorizer.serviceAccount('a', 'b').group('').resource('pods').check('get').allowed()");
  assert.deepEqual(questions, [
    { serviceAccount: { namespace: 'a', name: 'b' }, group: '', resource: 'pods', verb: 'get' },
  ]);
  assert.equal(
    ask("authorizer.serviceAccount('A', 'b').path('/').check('get').allowed()").value,
    'Invalid service account namespace',
  );
  assert.equal(
    ask("authorizer.serviceAccount('a', 'B').path('/').check('get').allowed()").value,
    'Invalid service account name',
  );
});

test('selectors', () => {
  const { questions } = ask(
    "authorizer.group('').resource('pods').fieldSelector('a=b').labelSelector('c').check('list').allowed()",
  );
  assert.deepEqual(questions, [
    { group: '', resource: 'pods', fieldSelector: 'a=b', labelSelector: 'c', verb: 'list' },
  ]);
});

test('a refusal and an error', () => {
  assert.equal(ask("authorizer.path('/').check('get').allowed()", { allowed: false, reason: '' }).value, false);
  const broken = { allowed: false, reason: '', error: 'unreachable' };
  assert.equal(ask("authorizer.path('/').check('get').errored()", broken).value, true);
  assert.equal(ask("authorizer.path('/').check('get').error()", broken).value, 'unreachable');
});
