// What Go 1.26 says of the same texts: url.ParseRequestURI and url.Parse, printed by a program.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type GoUrl, isRequestUri, parseRequestUri, parseUrl } from '../../src/apimachinery/go-url.ts';

/** Scheme, host, path and query; or why it is no URL. */
type Answer = readonly [scheme: string, host: string, path: string, query: string] | string;

const ANSWERS: readonly (readonly [text: string, asRequest: Answer, asReference: Answer])[] = [
  ['', 'empty url', ['', '', '', '']],
  ['*', ['', '', '*', ''], ['', '', '*', '']],
  ['/', ['', '', '/', ''], ['', '', '/', '']],
  ['/a/b?c=d#e', ['', '', '/a/b', 'c=d#e'], ['', '', '/a/b', 'c=d']],
  ['//h/p', ['', '', '//h/p', ''], ['', 'h', '/p', '']],
  ['///p', ['', '', '///p', ''], ['', '', '///p', '']],
  ['a', 'invalid URI for request', ['', '', 'a', '']],
  ['a/b', 'invalid URI for request', ['', '', 'a/b', '']],
  [':a', 'missing protocol scheme', 'missing protocol scheme'],
  ['1a:b', 'invalid URI for request', 'first path segment in URL cannot contain colon'],
  ['a.b+c-1:d', ['a.b+c-1', '', '', ''], ['a.b+c-1', '', '', '']],
  ['mailto:x@y', ['mailto', '', '', ''], ['mailto', '', '', '']],
  ['HTTP://Host/P', ['http', 'Host', '/P', ''], ['http', 'Host', '/P', '']],
  ['http://h', ['http', 'h', '', ''], ['http', 'h', '', '']],
  ['http://h#f', 'invalid character "#" in host name', ['http', 'h', '', '']],
  ['http://#%blah$#@', 'net/url: invalid userinfo', 'invalid URL escape "%bl"'],
  ['#%blah$#@', 'invalid URI for request', 'invalid URL escape "%bl"'],
  ['http://u:p@h:80/x', ['http', 'h:80', '/x', ''], ['http', 'h:80', '/x', '']],
  ['http://u p@h', 'net/url: invalid userinfo', 'net/url: invalid userinfo'],
  ['http://u%zz@h', 'invalid URL escape "%zz"', 'invalid URL escape "%zz"'],
  ['http://h:x', 'invalid port ":x" after host', 'invalid port ":x" after host'],
  ['http://h:', ['http', 'h:', '', ''], ['http', 'h:', '', '']],
  ['http://h:80:80/', 'invalid port ":80:80" after host', 'invalid port ":80:80" after host'],
  ['mongodb://a:1,b:2/db', ['mongodb', 'a:1,b:2', '/db', ''], ['mongodb', 'a:1,b:2', '/db', '']],
  ['http://a b', 'invalid character " " in host name', 'invalid character " " in host name'],
  ['http://a<">', ['http', 'a<">', '', ''], ['http', 'a<">', '', '']],
  ['http://a^b', 'invalid character "^" in host name', 'invalid character "^" in host name'],
  ['http://[::1]:80/', ['http', '[::1]:80', '/', ''], ['http', '[::1]:80', '/', '']],
  ['http://[::1', "missing ']' in host", "missing ']' in host"],
  ['http://[1.2.3.4]/', 'invalid IP-literal', 'invalid IP-literal'],
  ['http://[fe80::1%25en0]/', ['http', '[fe80::1%en0]', '/', ''], ['http', '[fe80::1%en0]', '/', '']],
  ['http://a[b]', 'invalid IP-literal', 'invalid IP-literal'],
  ['http://h%41', 'invalid URL escape "%41"', 'invalid URL escape "%41"'],
  ['http://h%25', ['http', 'h%', '', ''], ['http', 'h%', '', '']],
  ['http://h%C3%A9/', ['http', 'hé', '/', ''], ['http', 'hé', '/', '']],
  ['http://é', ['http', 'é', '', ''], ['http', 'é', '', '']],
  ['/a%zz', 'invalid URL escape "%zz"', 'invalid URL escape "%zz"'],
  ['/a%4', 'invalid URL escape "%4"', 'invalid URL escape "%4"'],
  ['http://h/p?q#f%zz', ['http', 'h', '/p', 'q#f%zz'], 'invalid URL escape "%zz"'],
  ['?a', 'invalid URI for request', ['', '', '', 'a']],
  ['//u@h/p', ['', '', '//u@h/p', ''], ['', 'h', '/p', '']],
  ['x:?q=1', ['x', '', '', 'q=1'], ['x', '', '', 'q=1']],
];

function check(read: (text: string) => GoUrl, text: string, answer: Answer): void {
  if (typeof answer === 'string') {
    assert.throws(() => read(text), { message: `parse ${JSON.stringify(text)}: ${answer}` });
    return;
  }
  const { scheme, host, path, query } = read(text);
  assert.deepEqual([scheme, host, path, query], answer);
}

describe('a URL is read as Go does', () => {
  for (const [text, asRequest, asReference] of ANSWERS) {
    test(JSON.stringify(text), () => {
      check(parseRequestUri, text, asRequest);
      assert.equal(isRequestUri(text), typeof asRequest !== 'string');
      check(parseUrl, text, asReference);
    });
  }
});
