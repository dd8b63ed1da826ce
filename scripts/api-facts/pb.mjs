import assert from 'node:assert';
import fs from 'node:fs';

const S = JSON.parse(fs.readFileSync('schema.json')),
  T = S.types;

import { execFileSync } from 'node:child_process';

const dir =
  execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim() + '/k8s.io/api@v0.36.3/testdata/HEAD/';
class R {
  constructor(b) {
    this.b = b;
    this.p = 0;
  }
  varint() {
    let r = 0n,
      s = 0n;
    for (;;) {
      const c = this.b[this.p++];
      r |= BigInt(c & 127) << s;
      if (c < 128) return r;
      s += 7n;
    }
  }
  bytes() {
    const n = Number(this.varint());
    const o = this.b.subarray(this.p, this.p + n);
    this.p += n;
    return o;
  }
}
const utf = (b) => Buffer.from(b).toString('utf8');
const i64 = (v) => Number(BigInt.asIntN(64, v));
function scalar(t, r, wt) {
  switch (t) {
    case 'string':
      return utf(r.bytes());
    case 'bool':
      return r.varint() !== 0n;
    case 'int32':
    case 'int64':
    case 'uint32':
    case 'uint64':
      return i64(r.varint());
    case 'bytes':
      return Buffer.from(r.bytes()).toString('base64');
    case 'float64': {
      const v = Buffer.from(r.b.subarray(r.p, r.p + 8)).readDoubleLE();
      r.p += 8;
      return v;
    }
  }
  throw new Error('scalar ' + t);
}
function raw(buf) {
  const r = new R(buf),
    o = {};
  while (r.p < r.b.length) {
    const k = Number(r.varint()),
      n = k >> 3,
      w = k & 7;
    const v = w === 2 ? r.bytes() : w === 0 ? r.varint() : ((r.p += 8), null);
    (o[n] ??= []).push(v);
  }
  return o;
}
const pad = (n, w) => String(n).padStart(w, '0');
function special(n, buf) {
  const m = raw(buf),
    g = (i) => m[i]?.[0];
  const N = n.split('.').pop();
  if (N === 'Quantity') return utf(g(1) ?? '');
  if (N === 'Time' || N === 'MicroTime') {
    if (g(1) === undefined && g(2) === undefined) return null;
    const s = i64(g(1) ?? 0n),
      ns = Number(g(2) ?? 0n);
    const iso = new Date(s * 1000).toISOString().slice(0, 19);
    return N === 'Time' ? iso + 'Z' : iso + '.' + pad(Math.floor(ns / 1000), 6) + 'Z';
  }
  if (N === 'IntOrString') return (g(1) ?? 0n) === 0n ? i64(BigInt.asIntN(32, g(2) ?? 0n)) : utf(g(3) ?? '');
  if (N === 'RawExtension' || N === 'FieldsV1' || N === 'JSON') return g(1) ? JSON.parse(utf(g(1))) : null;
  if (N === 'Duration') {
    return { dur: i64(g(1) ?? 0n) };
  }
  if (N === 'ExtraValue' || N === 'Verbs') return (m[1] ?? []).map(utf);
  throw new Error('special ' + n);
}
function msg(name, buf) {
  const t = T[name];
  if (!t.f && t.s) return special(name, buf);
  if (!t.f) return {};
  const o = {};
  const by = {};
  for (const f of t.f) if (f.p) by[f.p] = f;
  const ec = t.f.find((f) => f.in && !f.p); // EphemeralContainer: inlined without a number of its own
  const r = new R(buf);
  while (r.p < r.b.length) {
    const k = Number(r.varint()),
      n = k >> 3,
      w = k & 7;
    const f = by[n];
    if (!f) throw new Error('unknown field ' + name + ' ' + n);
    const ty = f.t;
    const one = (ty) =>
      ty.startsWith('#') ? msg(ty.slice(1), r.bytes()) : ty[0] === '[' ? one(ty.slice(1, -1)) : scalar(ty, r, w);
    if (f.in) {
      Object.assign(o, msg(ty.slice(1), r.bytes()));
      continue;
    }
    if (ty[0] === '[') {
      if (w === 2 && !/^\[(string|bytes|#)/.test(ty)) {
        throw new Error('packed ' + name);
      }
      (o[f.n] ??= []).push(one(ty.slice(1, -1)));
    } else if (ty[0] === '{') {
      const e = new R(r.bytes());
      let key = '',
        val;
      const vt = ty.slice(1, -1);
      while (e.p < e.b.length) {
        const kk = Number(e.varint());
        if (kk >> 3 === 1) key = utf(e.bytes());
        else val = vt.startsWith('#') ? msg(vt.slice(1), e.bytes()) : vt[0] === '[' ? e.bytes() : scalar(vt, e);
      }
      (o[f.n] ??= {})[key] = val ?? (vt.startsWith('#') ? null : '');
    } else o[f.n] = one(ty);
  }
  return o;
}
// drop values that Go's omitempty would drop, to compare with JSON
function norm(name, o) {
  const t = T[name];
  if (!t.f) return t.s ? o : {};
  const out = {};
  for (const f of t.f) {
    if (f.in) {
      const sub = norm(f.t.slice(1), o);
      Object.assign(out, sub);
      continue;
    }
    let v = o?.[f.n];
    if (v === undefined) continue;
    const g = (ty, v) =>
      v === null || v === undefined
        ? v
        : ty.startsWith('#')
          ? norm(ty.slice(1), v)
          : ty[0] === '['
            ? v.map((x) => g(ty.slice(1, -1), x))
            : ty[0] === '{'
              ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, g(ty.slice(1, -1), x)]))
              : v;
    v = g(f.t, v);
    if (
      v === null ||
      v === '' ||
      v === 0 ||
      v === false ||
      (Array.isArray(v) && !v.length) ||
      (typeof v === 'object' && !Object.keys(v).length)
    )
      continue;
    out[f.n] = v;
  }
  return out;
}
let ok = 0,
  bad = 0,
  skip = 0,
  miss = [];
for (const fn of fs.readdirSync(dir)) {
  if (!fn.endsWith('.pb')) continue;
  const base = fn.slice(0, -3);
  const m = base.match(/^(.*)\.(v\d+(?:(?:alpha|beta)\d+)?)\.(\w+)$/);
  const gv = m[1] === 'core' ? m[2] : m[1] + '/' + m[2];
  const k = S.kinds[gv + '/' + m[3]];
  if (!k) {
    skip++;
    continue;
  }
  const b = fs.readFileSync(dir + fn);
  assert.equal(b.subarray(0, 4).toString('hex'), '6b387300');
  try {
    const u = raw(b.subarray(4));
    const tm = raw(u[1][0]);
    const o = msg(k.t, u[2][0]);
    const want = JSON.parse(fs.readFileSync(dir + base + '.json'));
    delete want.apiVersion;
    delete want.kind;
    assert.deepStrictEqual(norm(k.t, o), norm(k.t, want));
    ok++;
  } catch (e) {
    bad++;
    miss.push(base + ': ' + String(e.message).split('\n').slice(0, 12).join(' ').slice(0, 300));
  }
}
console.log({ ok, bad, skip });
console.log(miss.slice(0, 8).join('\n'));
