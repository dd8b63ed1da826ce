// Writes the OCI image archives that tests and examples need without a registry or Docker: a static busybox and
// small shell stand-ins for nginx and redis under the public images' names. The same input gives the same bytes.
//   node scripts/test-images.ts OUTDIR [BUSYBOX]
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ociArchive } from '../src/kubelet/cri/image-archive.ts';
import { type TarEntry, tar } from '../src/kubelet/cri/tar.ts';

interface Image {
  archive: string;
  references: readonly string[];
  /** On top of busybox's own files. */
  files: readonly TarEntry[];
  config: Record<string, unknown>;
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const script = (name: string, target: string): TarEntry => ({
  path: target,
  mode: 0o755,
  content: readFileSync(path.join(import.meta.dirname, 'test-images', name)),
});
const directory = (name: string, mode = 0o755): TarEntry => ({ path: `${name}/`, mode });
const text = (name: string, content: string): TarEntry => ({ path: name, mode: 0o644, content: Buffer.from(content) });

const IMAGES: readonly Image[] = [
  {
    archive: 'busybox.tar',
    references: ['1.36', 'latest', 'stable'].map((tag) => `docker.io/library/busybox:${tag}`),
    files: [],
    config: { Env: [PATH], Cmd: ['sh'] },
  },
  {
    archive: 'nginx.tar',
    references: ['1.27-alpine', 'alpine', 'latest'].map((tag) => `docker.io/library/nginx:${tag}`),
    files: [
      directory('docker-entrypoint.d'),
      script('nginx-entrypoint.sh', 'docker-entrypoint.sh'),
      directory('etc/nginx'),
      directory('etc/nginx/conf.d'),
      directory('etc/nginx/templates'),
      directory('usr/lib'),
      script('nginx-connection.sh', 'usr/lib/nginx-connection'),
      script('nginx.sh', 'usr/sbin/nginx'),
      directory('usr/share'),
      directory('usr/share/nginx'),
      directory('usr/share/nginx/html'),
      text('usr/share/nginx/html/50x.html', '<h1>An error occurred.</h1>\n'),
      text('usr/share/nginx/html/index.html', '<!DOCTYPE html>\n<title>Welcome to nginx!</title>\n'),
    ],
    config: {
      Env: [PATH, 'NGINX_VERSION=1.27.0'],
      Entrypoint: ['/docker-entrypoint.sh'],
      Cmd: ['nginx', '-g', 'daemon off;'],
      ExposedPorts: { '80/tcp': {} },
      StopSignal: 'SIGQUIT',
    },
  },
  {
    archive: 'redis.tar',
    references: ['7-alpine', 'alpine', 'latest'].map((tag) => `docker.io/library/redis:${tag}`),
    files: [
      directory('data'),
      directory('usr/lib'),
      directory('usr/local'),
      directory('usr/local/bin'),
      script('redis-cli.sh', 'usr/local/bin/redis-cli'),
      script('redis-server.sh', 'usr/local/bin/redis-server'),
      script('redis-connection.sh', 'usr/lib/redis-connection'),
    ],
    config: { Env: [PATH], Cmd: ['redis-server'], WorkingDir: '/data', ExposedPorts: { '6379/tcp': {} } },
  },
];

function busyboxFiles(busybox: string): TarEntry[] {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n').sort();
  return [
    directory('bin'),
    { path: 'bin/busybox', mode: 0o755, content: readFileSync(busybox) },
    ...applets.filter((a) => a !== 'busybox').map((a) => ({ path: `bin/${a}`, mode: 0o777, link: 'busybox' })),
    directory('dev'),
    directory('etc'),
    text('etc/group', 'root:x:0:\ndaemon:x:1:\naudio:x:29:nobody\nnobody:x:65534:\n'),
    text(
      'etc/passwd',
      'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
    ),
    directory('home'),
    directory('proc'),
    directory('root', 0o700),
    directory('run'),
    directory('sys'),
    directory('tmp', 0o1777),
    directory('usr'),
    directory('usr/bin'),
    { path: 'usr/bin/env', mode: 0o777, link: '../../bin/env' },
    directory('usr/sbin'),
    directory('var'),
    directory('var/www'),
  ];
}

/** Writes the archives and returns their paths. */
export function writeTestImages(outDir: string, busybox = '/bin/busybox'): string[] {
  mkdirSync(outDir, { recursive: true });
  const base = tar(busyboxFiles(busybox));
  return IMAGES.map((image) => {
    const file = path.join(outDir, image.archive);
    writeFileSync(file, ociArchive(image, image.files.length > 0 ? [base, tar(image.files)] : [base]));
    return file;
  });
}

if (import.meta.main) {
  const [outDir, busybox] = process.argv.slice(2);
  if (!outDir) {
    console.error(
      'usage: node scripts/test-images.ts OUTDIR [BUSYBOX]  (BUSYBOX: a static busybox, default /bin/busybox)',
    );
    process.exit(2);
  }
  for (const file of writeTestImages(outDir, busybox)) console.log(file);
}
