#!/bin/sh
# Runs both halves of epoll_peer against each other; the line must come back.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkfifo "$dir/offer" "$dir/answer"
exec 3<>"$dir/answer" 4<>"$dir/offer"
"$1" answer <&4 >&3 2>/dev/null &
answerer=$!
# The offerer's output is the offer, then what is echoed; its input the answer, then a line.
{
  sed -u '/^\.$/q' <&3
  echo "hello over a data channel"
  until grep -q "^hello over a data channel" "$dir/heard"; do sleep 0.1; done
} | "$1" offer 2>/dev/null | tee "$dir/heard" >&4
wait $answerer
grep -q "^hello over a data channel" "$dir/heard"
