# Tells the time as C does, for ncat or socat to put on a socket.
LC_ALL=C date '+%a %b %e %T %Y'
