#!/bin/sh
# Stands in for redis-cli: one inline command, its answer without the RESP marks. Options: -h, -p, -a.
host=127.0.0.1 port=6379 password=$REDISCLI_AUTH
while getopts h:p:a: option; do
  case $option in
    h) host=$OPTARG ;;
    p) port=$OPTARG ;;
    a) password=$OPTARG ;;
    *) exit 1 ;;
  esac
done
shift $((OPTIND - 1))
{ [ -n "$password" ] && printf 'AUTH %s\r\n' "$password"
  printf '%s\r\nQUIT\r\n' "$*"; } | nc -w 5 "$host" "$port" | tr -d '\r' | {
  [ -n "$password" ] && read -r _
  sed -e '$d' -e '/^[$*][0-9]/d' -e 's/^[+:]//' -e 's/^\$-1$//' -e 's/^-//'
} | grep . || { [ "$1" != ping ] && [ "$1" != PING ]; }
