#!/bin/sh
# Stands in for redis-server: inline commands over TCP, one file a key under /data. Options: --port, --requirepass.
port=6379
while [ $# -gt 0 ]; do
  case $1 in
    --port) port=$2; shift ;;
    --requirepass) export REDIS_PASSWORD="$2"; shift ;;
  esac
  shift
done
mkdir -p /data/keys
busybox nc -ll -p "$port" -e /usr/lib/redis-connection &
# Process 1 gets only the signals it asks for, and busybox nc asks for none.
trap 'kill $!; exit 0' TERM INT
echo "* Ready to accept connections tcp on $port"
wait $!
