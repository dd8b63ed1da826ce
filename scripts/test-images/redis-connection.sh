#!/bin/sh
# One redis connection: inline commands on stdin, RESP answers on stdout.
cd /data/keys || exit 1
file() { printf '%s' "$1" | sha1sum | cut -d' ' -f1; }
bulk() { printf '$%s\r\n%s\r\n' "$(printf '%s' "$1" | wc -c)" "$1"; }
granted=${REDIS_PASSWORD:+no}

while read -r line; do
  line=${line%"$(printf '\r')"}
  command=$(echo "${line%% *}" | tr '[:lower:]' '[:upper:]')
  rest=${line#"${line%% *}"}
  rest=${rest# }
  key=${rest%% *}
  value=${rest#"$key"}
  value=${value# }
  if [ "$command" = AUTH ]; then
    if [ "$rest" = "$REDIS_PASSWORD" ]; then granted=; printf '+OK\r\n'; else printf -- '-WRONGPASS invalid password\r\n'; fi
    continue
  fi
  [ "$command" = QUIT ] && { printf '+OK\r\n'; exit 0; }
  [ -n "$granted" ] && { printf -- '-NOAUTH Authentication required.\r\n'; continue; }
  f=$(file "$key")
  case $command in
    '') ;;
    PING) printf '+PONG\r\n' ;;
    SET) printf '%s' "$value" >"$f.$$" && mv "$f.$$" "$f" && printf '+OK\r\n' ;;
    GET) if [ -f "$f" ]; then bulk "$(cat "$f")"; else printf '$-1\r\n'; fi ;;
    DEL) if [ -f "$f" ]; then rm "$f"; printf ':1\r\n'; else printf ':0\r\n'; fi ;;
    EXISTS) if [ -f "$f" ]; then printf ':1\r\n'; else printf ':0\r\n'; fi ;;
    INCR)
      until mkdir "$f.lock" 2>/dev/null; do usleep 2000; done
      n=$(($(cat "$f" 2>/dev/null || echo 0) + 1))
      printf '%s' "$n" >"$f.$$" && mv "$f.$$" "$f"
      rmdir "$f.lock"
      printf ':%s\r\n' "$n" ;;
    RPUSH)
      until mkdir "$f.lock" 2>/dev/null; do usleep 2000; done
      printf '%s\n' "$value" >>"$f"
      rmdir "$f.lock"
      printf ':%s\r\n' "$(wc -l <"$f")" ;;
    LRANGE)
      if [ ! -f "$f" ]; then printf '*0\r\n'; continue; fi
      printf '*%s\r\n' "$(wc -l <"$f")"
      while IFS= read -r item; do bulk "$item"; done <"$f" ;;
    *) printf -- "-ERR unknown command '%s'\r\n" "$command" ;;
  esac
done
