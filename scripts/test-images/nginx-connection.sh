#!/bin/sh
# One HTTP/1.0 exchange on stdin and stdout: forwards a path below a proxy_pass location, else serves a file.
read -r method target _ || exit 0
length=0
while read -r name value; do
  value=${value%?}
  case $name in
    ?) break ;;
    [Cc]ontent-[Ll]ength:) length=$value ;;
  esac
done

# prints "PREFIX URL" a line, longest prefix first
locations() {
  tr '\n' ' ' </etc/nginx/conf.d/default.conf | tr '}' '\n' |
    sed -n 's/.*location[[:space:]]\{1,\}\([^[:space:]{]*\)[[:space:]]*{.*proxy_pass[[:space:]]\{1,\}http:\/\/\([^;]*\);.*/\1 \2/p' |
    sort -r
}

exec 3<&0 # the client; in the pipeline stdin is the list of locations
locations | {
  while read -r prefix upstream; do
    case $target in "$prefix"*) ;; *) continue ;; esac
    host=${upstream%%/*}
    case $upstream in */*) target=/${upstream#*/}${target#"$prefix"} ;; esac
    port=80
    case $host in *:*) port=${host##*:} ;; esac
    { printf '%s %s HTTP/1.0\r\nHost: %s\r\nContent-Length: %s\r\n\r\n' "$method" "$target" "$host" "$length"
      head -c "$length" <&3; } | nc "${host%:*}" "$port" && exit 0
    printf 'HTTP/1.0 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\n502 Bad Gateway\n'
    exit 0
  done
  file=$NGINX_ROOT${target%%\?*}
  [ -d "$file" ] && file=${file%/}/index.html
  case $file in *..*) file=/nonexistent ;; esac
  if [ -f "$file" ]; then
    printf 'HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: %s\r\n\r\n' "$(stat -L -c %s "$file")"
    cat "$file"
  else
    printf 'HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\n\r\n404 Not Found\n'
  fi
}
