#!/bin/sh
# Stands in for nginx: of the files in /etc/nginx/conf.d it knows `listen`, `root` and `location … { proxy_pass … }`.
# Without a proxy_pass busybox httpd serves the root; with one, every connection gets a shell that serves or forwards.
setting() { cat /etc/nginx/conf.d/*.conf 2>/dev/null | sed -n "s/^[[:space:]]*$1[[:space:]]\{1,\}\([^;]*\);.*/\1/p" | sed 1q; }

listen=$(setting listen | sed -e 's/ .*//' -e 's/.*://')
root=$(setting root)
echo "$(date '+%Y/%m/%d %H:%M:%S') [notice] start worker process, listening on ${listen:-80}" >&2
if ! grep -qs proxy_pass /etc/nginx/conf.d/*.conf; then
  exec busybox httpd -f -v -p "${listen:-80}" -h "${root:-/usr/share/nginx/html}"
fi
export NGINX_ROOT="${root:-/usr/share/nginx/html}"
exec busybox nc -ll -p "${listen:-80}" -e /usr/lib/nginx-connection
