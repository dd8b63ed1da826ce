#!/bin/sh
# Stands in for the nginx image's entrypoint: `nginx …` runs the stand-in below, anything else runs as it is.
set -e
for template in /etc/nginx/templates/*.template; do
  [ -f "$template" ] || continue
  eval "cat <<END_OF_TEMPLATE
$(sed -e 's/[\\`]/\\&/g' -e 's/\$\([a-z(]\)/\\$\1/g' "$template")
END_OF_TEMPLATE" >"/etc/nginx/conf.d/$(basename "$template" .template)"
done
exec "$@"
