#!/bin/sh
# Stands in for nginx: of the files in /etc/nginx/conf.d it knows `listen`, `root` and `location … { proxy_pass … }`.
# Without a proxy_pass busybox httpd serves the root; with one, every connection gets a shell that serves or forwards.
# The first process of a container gets only the signals that it handles.
serve() {
  trap 'kill "$child"; exit 0' TERM QUIT INT
  "$@" &
  child=$!
  wait "$child"
}
setting() { cat /etc/nginx/conf.d/*.conf 2>/dev/null | sed -n "s/^[[:space:]]*$1[[:space:]]\{1,\}\([^;]*\);.*/\1/p" | sed 1q; }

listen=$(setting listen | sed -e 's/ .*//' -e 's/.*://')
root=$(setting root)
export NGINX_ROOT="${root:-/usr/share/nginx/html}"
if grep -qs proxy_pass /etc/nginx/conf.d/*.conf; then
  busybox nc -ll -p "${listen:-80}" -e /usr/lib/nginx-connection &
else
  busybox httpd -f -v -p "${listen:-80}" -h "$NGINX_ROOT" &
fi
# Process 1 gets only the signals it asks for, and busybox's servers ask for none.
trap 'kill $!; exit 0' QUIT TERM INT
echo "$(date '+%Y/%m/%d %H:%M:%S') [notice] start worker process, listening on ${listen:-80}" >&2
wait $!
