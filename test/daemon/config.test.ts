import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { environmentName, loadConfig } from '../../src/daemon/config.ts';
import { ConfigError } from '../../src/daemon/options.ts';

describe('config', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tsukube-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string) => {
    const target = path.join(folder, name);
    writeFileSync(target, content);
    return target;
  };

  test('defaults alone make a whole config', () => {
    const config = loadConfig({ flags: {}, env: {} });
    assert.equal(config.port, 6443);
    assert.deepEqual(config['node-port-range'], { from: 30000, to: 32767 });
    assert.equal(config.components.length, 6);
  });

  test('a flag wins over the environment, the environment over the file', () => {
    const from = file('order.yaml', 'port: 1001\nkubelet-port: 1002\nmax-pods: 5\ntls-san: [a.example, b.example]\n');
    const env = { [environmentName('port')]: '2001', [environmentName('kubelet-port')]: '2002' };
    const config = loadConfig({ flags: { port: '3001' }, env, file: from });
    assert.equal(config.port, 3001);
    assert.equal(config['kubelet-port'], 2002);
    assert.equal(config['max-pods'], 5);
    assert.deepEqual(config['tls-san'], ['a.example', 'b.example']);
  });

  test('sysctls that pods may set are checked where they are allowed', () => {
    const { 'allowed-unsafe-sysctls': allowed } = loadConfig({
      flags: { 'allowed-unsafe-sysctls': 'kernel.msg*, net.core.somaxconn' },
      env: {},
    });
    assert.deepEqual(allowed, ['kernel.msg*', 'net.core.somaxconn']);
    const refused = () => loadConfig({ flags: { 'allowed-unsafe-sysctls': 'vm.swappiness' }, env: {} });
    assert.throws(refused, /the sysctls "vm\.swappiness" are not known to be namespaced/);
  });

  test('components come in start order whatever order they are named in', () => {
    const config = loadConfig({ flags: { components: 'scheduler, apiserver' }, env: {} });
    assert.deepEqual(config.components, ['apiserver', 'scheduler']);
  });

  for (const [name, value, told] of [
    ['port', '0', /--port: "0" must be a port/],
    ['port', 'abc', /must be a port/],
    ['service-cidr', '10.43.0.0', /must be an IPv4 range/],
    ['service-cidr', '10.43.0.1/16', /network address: 10\.43\.0\.0\/16/],
    ['service-cidr', '10.43.0.0/30', /at least 16 addresses/],
    ['node-port-range', '9-3', /two ports/],
    ['components', 'kubeproxy', /no component "kubeproxy"/],
    ['components', '', /is empty/],
    ['data-dir', 'here', /absolute path/],
    ['cluster-domain', 'No_Good', /DNS name/],
    ['upstream-dns', '1.1.1.1,x', /"x" is not an IP address/],
    ['log-level', 'loud', /must be one of/],
    ['storage', 'mysql://x', /memory: or sqlite:/],
    ['advertise-address', 'me', /IP address/],
    ['max-pods', '-1', /whole number/],
    ['max-container-restart-period', '10m', /from 1s to 300s/],
    ['pod-manifest-path', 'manifests', /absolute/],
    ['feature-gates', 'Nothing=true', /knows no gate "Nothing"; there is CBORServingAndStorage/],
    ['feature-gates', 'CBORServingAndStorage', /must say CBORServingAndStorage=true or CBORServingAndStorage=false/],
    ['durability', 'some', /must be full or relaxed/],
    ['history', '2 days', /must be as 48h, 90m or 7d, or 0/],
    ['history-size', '512', /must be a size such as 512Mi or 2Gi/],
    ['history-of', 'pods', /has "pods", which must be RESOURCE\.GROUP=DURATION, such as deployments\.apps=7d/],
    [
      'history-of',
      'pods=6h,deployments.apps=long',
      /has "deployments\.apps=long", whose duration must be as 48h, 90m or 7d/,
    ],
  ] as const) {
    test(`--${name} ${JSON.stringify(value)} is refused in one sentence`, () => {
      assert.throws(
        () => loadConfig({ flags: { [name]: value }, env: {} }),
        (error) => error instanceof ConfigError && told.test(error.message) && !error.message.includes('\n'),
      );
    });
  }

  for (const [name, content, told] of [
    ['unknown.yaml', 'prot: 1\n', /unknown\.yaml: there is no setting "prot"; "tsukube server --help" lists them$/],
    ['broken.yaml', 'port: [1\n', /broken\.yaml: .* at line 2, column 1$/],
    ['list.yaml', '- a\n', /must be a list of settings/],
    ['deep.yaml', 'port: {a: 1}\n', /port must be a text, a number or a list/],
  ] as const) {
    test(`the file ${name} is refused with its name`, () => {
      assert.throws(
        () => loadConfig({ flags: {}, env: {}, file: file(name, content) }),
        (error) => error instanceof ConfigError && told.test(error.message) && !error.message.includes('\n'),
      );
    });
  }

  test('a file that is not there is named', () => {
    assert.throws(
      () => loadConfig({ flags: {}, env: {}, file: '/nowhere/c.yaml' }),
      /\/nowhere\/c\.yaml cannot be read/,
    );
  });
});
