# A server of the course's measurement protocol between standard input and
# standard output, for ncat or socat to put on a socket.
while IFS= read -r line; do
  case $line in
    's '*) echo '200 OK: Ready' ;;
    'm '*) printf '%s\n' "$line" ;;
    t) echo '200 OK: Closing Connection' && exit ;;
  esac
done
